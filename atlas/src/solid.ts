/** The complex of a network of three inputs, and its sections by planes. */

import { codeText } from "./code";
import { type Affine, Network } from "./network";
import { Partition } from "./partition";
import type { RawSolid } from "./types";

export const AXES = ["x", "y", "z"] as const;

/** Which coordinates remain on a plane across an axis. */
export function kept(axis: number): [number, number] {
  const [u, v] = [0, 1, 2].filter((i) => i !== axis);
  return [u, v];
}

/** Where facets and regions begin and end along one axis. */
interface Extents {
  facets: Float64Array;
  regions: Float64Array;
  /** Beginnings and ends of regions, each in ascending order. */
  begins: Float64Array;
  ends: Float64Array;
}

/** Sides of a section, one entry each, before they are put in order. */
interface Sides {
  regions: number[];
  starts: number[];
  stops: number[];
  labels: number[];
}

/** Corners of a section; one is known by the edge of the complex that it lies on. */
class Corners {
  readonly positions: number[] = [];
  readonly outputs: number[] = [];
  private readonly known = new Map<number, number>();
  private readonly numOutputs: number;

  constructor(
    private readonly raw: RawSolid,
    private readonly axis: number,
    private readonly value: number,
  ) {
    this.numOutputs = (3 * raw.outputs.length) / raw.vertices.length;
  }

  /** Where the plane meets the edge between two vertices. */
  on(a: number, b: number): number {
    const { vertices, outputs } = this.raw;
    const [low, high] = a < b ? [a, b] : [b, a];
    const [from, to] = [vertices[3 * low + this.axis], vertices[3 * high + this.axis]];
    // A plane through a vertex meets all its edges in one corner.
    const [p, q] = from === this.value ? [low, low] : to === this.value ? [high, high] : [low, high];
    const key = (p * vertices.length) / 3 + q;
    let found = this.known.get(key);
    if (found !== undefined) return found;
    found = this.positions.length / 2;
    this.known.set(key, found);
    const share = p === q ? 0 : (this.value - from) / (to - from);
    for (const i of kept(this.axis)) this.positions.push(vertices[3 * p + i] + share * (vertices[3 * q + i] - vertices[3 * p + i]));
    const K = this.numOutputs;
    for (let k = 0; k < K; k++) this.outputs.push(outputs[K * p + k] + share * (outputs[K * q + k] - outputs[K * p + k]));
    return found;
  }
}

export class Solid {
  readonly network: Network;
  readonly count: number;
  private readonly bytes: number;
  private readonly offsets: Uint32Array;
  private readonly extents: (Extents | undefined)[] = [];
  private codesCache?: Map<string, number>;

  constructor(
    private readonly raw: RawSolid,
    readonly name: string,
    private readonly lower: number[],
  ) {
    this.network = new Network(raw.network);
    this.count = raw.regions.reduce((most, r) => Math.max(most, r + 1), 0);
    this.bytes = raw.patterns.length / Math.max(this.count, 1);
    this.offsets = new Uint32Array(raw.counts.length + 1);
    for (let f = 0; f < raw.counts.length; f++) this.offsets[f + 1] = this.offsets[f] + raw.counts[f];
  }

  get complete(): boolean {
    return this.raw.complete;
  }

  bit(r: number, index: number): boolean {
    return ((this.raw.patterns[r * this.bytes + (index >> 3)] >> (index & 7)) & 1) === 1;
  }

  code(r: number): string {
    return codeText(this.network, (index) => this.bit(r, index));
  }

  /** The packed pattern, as `Partition.key` has it. */
  key(r: number): string {
    return String.fromCharCode(...this.raw.patterns.subarray(r * this.bytes, (r + 1) * this.bytes));
  }

  /** Region of a packed pattern, or -1. */
  find(key: string): number {
    if (!this.codesCache) {
      this.codesCache = new Map();
      for (let r = 0; r < this.count; r++) this.codesCache.set(this.key(r), r);
    }
    return this.codesCache.get(key) ?? -1;
  }

  /** Where a region begins and ends along an axis. */
  extent(r: number, axis: number): [number, number] {
    const { regions } = this.along(axis);
    return [regions[2 * r], regions[2 * r + 1]];
  }

  /** Regions that the plane across `axis` at `value` meets. */
  countAt(axis: number, value: number): number {
    const { begins, ends } = this.along(axis);
    return below(begins, value) - below(ends, value);
  }

  private along(axis: number): Extents {
    return (this.extents[axis] ??= this.measure(axis));
  }

  private measure(axis: number): Extents {
    const { vertices, corners, regions } = this.raw;
    const facets = new Float64Array(2 * (this.offsets.length - 1));
    const spans = new Float64Array(2 * this.count);
    for (let r = 0; r < this.count; r++) spans.set([Infinity, -Infinity], 2 * r);
    for (let f = 0; f + 1 < this.offsets.length; f++) {
      let [low, high] = [Infinity, -Infinity];
      for (let k = this.offsets[f]; k < this.offsets[f + 1]; k++) {
        const z = vertices[3 * corners[k] + axis];
        if (z < low) low = z;
        if (z > high) high = z;
      }
      facets[2 * f] = low;
      facets[2 * f + 1] = high;
      for (const r of [regions[2 * f], regions[2 * f + 1]]) {
        if (r < 0) continue;
        spans[2 * r] = Math.min(spans[2 * r], low);
        spans[2 * r + 1] = Math.max(spans[2 * r + 1], high);
      }
    }
    const every = (start: number) => spans.filter((_, i) => i % 2 === start).sort();
    return { facets, regions: spans, begins: every(0), ends: every(1) };
  }

  /**
   * The partition of a plane. Facets that the plane crosses become sides; which they are
   * is read off the vertices above and below it, so no side is lost to rounding. A plane
   * through vertices is taken as the limit of planes below it, in the lowest facet of the
   * domain as that of planes above.
   */
  section(axis: number, value: number, label: string): Partition {
    const corners = new Corners(this.raw, axis, value);
    const sides = this.cross(axis, value, corners);
    const order = byRegion(sides, this.count);
    const positions = Float64Array.from(corners.positions);
    const found: number[] = [];
    const [counts, members, labels]: number[][] = [[], [], []];
    for (let start = 0; start < order.length; ) {
      const r = sides.regions[order[start]];
      let stop = start;
      while (stop < order.length && sides.regions[order[stop]] === r) stop++;
      const loop = around(sides, order.subarray(start, stop), positions);
      start = stop;
      if (!loop) continue;
      found.push(r);
      counts.push(loop.members.length);
      members.push(...loop.members);
      labels.push(...loop.labels);
    }
    const network = new Network(this.raw.network, inputs(axis, value));
    return new Partition(
      {
        name: label,
        complete: this.complete,
        network: this.raw.network,
        vertices: positions,
        counts: Uint32Array.from(counts),
        members: Uint32Array.from(members),
        sides: Int32Array.from(labels),
        patterns: this.patternsOf(found),
        linear: Int32Array.from(found, (r) => this.raw.linear[r]),
        centers: null,
        radii: null,
        outputs: Float32Array.from(corners.outputs),
        gradients: this.gradientsOf(found, axis),
        value,
      },
      network,
    );
  }

  /** The sides of all regions on a plane. */
  private cross(axis: number, value: number, corners: Corners): Sides {
    const { vertices, regions, sides } = this.raw;
    const { facets } = this.along(axis);
    const lowest = value <= this.lower[axis];
    const above = (vertex: number) => (lowest ? vertices[3 * vertex + axis] > value : vertices[3 * vertex + axis] >= value);
    const made: Sides = { regions: [], starts: [], stops: [], labels: [] };
    for (let f = 0; f + 1 < this.offsets.length; f++) {
      if (facets[2 * f] > value || facets[2 * f + 1] < value) continue;
      const ends: number[] = [];
      let before = this.raw.corners[this.offsets[f + 1] - 1];
      for (let k = this.offsets[f]; k < this.offsets[f + 1]; k++) {
        const here = this.raw.corners[k];
        if (above(before) !== above(here)) ends.push(corners.on(before, here));
        before = here;
      }
      if (ends.length !== 2 || ends[0] === ends[1]) continue;
      for (const r of [regions[2 * f], regions[2 * f + 1]]) {
        if (r < 0) continue;
        made.regions.push(r);
        made.starts.push(ends[0]);
        made.stops.push(ends[1]);
        made.labels.push(sides[f]);
      }
    }
    return made;
  }

  private patternsOf(found: number[]): Uint8Array {
    const patterns = new Uint8Array(found.length * this.bytes);
    found.forEach((r, i) => patterns.set(this.raw.patterns.subarray(r * this.bytes, (r + 1) * this.bytes), i * this.bytes));
    return patterns;
  }

  /** Norms of the gradients along the plane. */
  private gradientsOf(found: number[], axis: number): Float32Array {
    const K = this.network.outputs;
    const [u, v] = kept(axis);
    const all = this.raw.gradients;
    return Float32Array.from({ length: found.length * K }, (_, i) => {
      const at = 3 * (found[Math.floor(i / K)] * K + (i % K));
      return Math.hypot(all[at + u], all[at + v]);
    });
  }
}

/** The coordinates of space on the chart of a plane. */
function inputs(axis: number, value: number): Affine[] {
  const [u, v] = kept(axis);
  const found: Affine[] = Array.from({ length: 3 }, () => ({ ax: 0, ay: 0, b: value }));
  found[u] = { ax: 1, ay: 0, b: 0 };
  found[v] = { ax: 0, ay: 1, b: 0 };
  return found;
}

/** How many of ascending numbers are smaller than a value. */
function below(values: Float64Array, value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Indices of sides, those of one region after those of the other. */
function byRegion(sides: Sides, count: number): Uint32Array {
  const starts = new Uint32Array(count + 1);
  for (const r of sides.regions) starts[r + 1]++;
  for (let r = 0; r < count; r++) starts[r + 1] += starts[r];
  const order = new Uint32Array(sides.regions.length);
  sides.regions.forEach((r, i) => (order[starts[r]++] = i));
  return order;
}

/** The sides of one region, counterclockwise, or null where they close no polygon. */
function around(sides: Sides, own: Uint32Array, positions: Float64Array): { members: number[]; labels: number[] } | null {
  if (own.length < 3) return null;
  const left = [...own];
  const first = left.pop()!;
  const [members, labels] = [[sides.starts[first]], [sides.labels[first]]];
  let end = sides.stops[first];
  while (left.length) {
    const at = left.findIndex((i) => sides.starts[i] === end || sides.stops[i] === end);
    if (at < 0) return null;
    const [i] = left.splice(at, 1);
    members.push(end);
    labels.push(sides.labels[i]);
    end = sides.starts[i] === end ? sides.stops[i] : sides.starts[i];
  }
  if (end !== members[0]) return null;
  if (doubleArea(members, positions) >= 0) return { members, labels };
  // Backward, the side after a corner is the one that was before it.
  members.reverse();
  labels.reverse();
  labels.push(labels.shift()!);
  return { members, labels };
}

function doubleArea(members: number[], positions: Float64Array): number {
  const [ox, oy] = [positions[2 * members[0]], positions[2 * members[0] + 1]];
  let sum = 0;
  for (let i = 1; i + 1 < members.length; i++) {
    const [a, b] = [2 * members[i], 2 * members[i + 1]];
    sum += (positions[a] - ox) * (positions[b + 1] - oy) - (positions[b] - ox) * (positions[a + 1] - oy);
  }
  return sum;
}
