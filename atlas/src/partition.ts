/** One partition: polygons with the unit of each side, neighbors, and who is where. */

import { codeText } from "./code";
import { type Discs, inscribed } from "./discs";
import { Network } from "./network";
import type { Numbers, RawFrame, Rect } from "./types";

export const OUTSIDE = -1;

export class Partition {
  readonly name: string;
  readonly complete: boolean;
  readonly value: number;
  readonly count: number;
  readonly vertices: Float64Array;
  readonly members: Numbers;
  readonly sides: Int32Array;
  readonly offsets: Uint32Array;
  readonly outputs: Float32Array;
  readonly gradients: Float32Array;
  readonly numOutputs: number;
  private readonly patterns: Uint8Array;
  private readonly bytes: number;
  private twinsCache?: Int32Array;
  private codesCache?: Map<string, number>;
  private gridCache?: Grid;
  private discsCache?: Discs;
  private linearCache?: Linear;

  constructor(
    private readonly raw: RawFrame,
    readonly network = new Network(raw.network),
  ) {
    this.name = raw.name;
    this.complete = raw.complete;
    this.value = raw.value;
    this.count = raw.counts.length;
    this.vertices = raw.vertices;
    this.members = raw.members;
    this.sides = raw.sides;
    this.outputs = raw.outputs;
    this.gradients = raw.gradients;
    this.numOutputs = this.network.outputs;
    this.patterns = raw.patterns;
    this.bytes = raw.patterns.length / Math.max(this.count, 1);
    this.offsets = new Uint32Array(this.count + 1);
    for (let i = 0; i < this.count; i++) this.offsets[i + 1] = this.offsets[i] + raw.counts[i];
  }

  /** Chebyshev center of each region, x and y. */
  get centers(): Float64Array {
    return this.raw.centers ?? this.discs.centers;
  }

  /** Inradius of each region. */
  get radii(): Float32Array {
    return this.raw.radii ?? this.discs.radii;
  }

  private get discs(): Discs {
    this.discsCache ??= inscribed(this.vertices, this.members, this.offsets);
    return this.discsCache;
  }

  /** Corner after corner `k` around region `r`. */
  next(r: number, k: number): number {
    return k + 1 === this.offsets[r + 1] ? this.offsets[r] : k + 1;
  }

  x(corner: number): number {
    return this.vertices[2 * this.members[corner]];
  }

  y(corner: number): number {
    return this.vertices[2 * this.members[corner] + 1];
  }

  /** Region of a corner. */
  regionOf(corner: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.offsets[middle] <= corner) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  bit(r: number, index: number): boolean {
    return ((this.patterns[r * this.bytes + (index >> 3)] >> (index & 7)) & 1) === 1;
  }

  /** The packed pattern. */
  pattern(r: number): Uint8Array {
    return this.patterns.subarray(r * this.bytes, (r + 1) * this.bytes);
  }

  /** The packed pattern as a string that can be compared. */
  key(r: number): string {
    return String.fromCharCode(...this.pattern(r));
  }

  /** The code as people read it. */
  code(r: number): string {
    return codeText(this.network, (index) => this.bit(r, index));
  }

  /** Region of each pattern. */
  get codes(): Map<string, number> {
    if (!this.codesCache) {
      this.codesCache = new Map();
      for (let r = 0; r < this.count; r++) this.codesCache.set(this.key(r), r);
    }
    return this.codesCache;
  }

  /** Corner that starts the same side in the neighbor, or -1 at the rim. */
  get twins(): Int32Array {
    this.twinsCache ??= pairUp(this.members, this.offsets);
    return this.twinsCache;
  }

  /** Region across the side that starts at a corner, or OUTSIDE. */
  across(corner: number): number {
    const twin = this.twins[corner];
    return twin < 0 ? OUTSIDE : this.regionOf(twin);
  }

  /** Linear regions: activation regions that share sides and an affine map. */
  get linear(): Linear {
    this.linearCache ??= this.merge();
    return this.linearCache;
  }

  /** Whether it is known which regions have one affine map. */
  get isMerged(): boolean {
    return this.raw.linear !== null;
  }

  /** Whether the network is one affine map on both sides of a side. */
  isJoined(corner: number): boolean {
    const other = this.across(corner);
    return other !== OUTSIDE && this.raw.linear !== null && this.raw.linear[other] === this.raw.linear[this.regionOf(corner)];
  }

  private merge(): Linear {
    const first = Uint32Array.from({ length: this.count }, (_, r) => r);
    const root = (r: number): number => {
      while (first[r] !== r) r = first[r] = first[first[r]];
      return r;
    };
    for (let k = 0; this.raw.linear && k < this.sides.length; k++) {
      if (this.twins[k] < k || !this.isJoined(k)) continue;
      const [a, b] = [root(this.regionOf(k)), root(this.across(k))];
      first[Math.max(a, b)] = Math.min(a, b);
    }
    let count = 0;
    for (let r = 0; r < this.count; r++) if ((first[r] = root(r)) === r) count++;
    return { first, count };
  }

  /** Corners whose side lies on the bent line of a unit, each side once. */
  sidesOf(bit: number): number[] {
    const found: number[] = [];
    for (let k = 0; k < this.sides.length; k++) {
      if (this.sides[k] === bit && !(this.twins[k] >= 0 && this.twins[k] < k)) found.push(k);
    }
    return found;
  }

  /** Area by the shoelace formula around the first corner. */
  area(r: number): number {
    const start = this.offsets[r];
    const [ox, oy] = [this.x(start), this.y(start)];
    let sum = 0;
    for (let k = start + 1; k + 1 < this.offsets[r + 1]; k++) {
      sum += (this.x(k) - ox) * (this.y(k + 1) - oy) - (this.x(k + 1) - ox) * (this.y(k) - oy);
    }
    return sum / 2;
  }

  bounds(r: number): Rect {
    const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
    for (let k = this.offsets[r]; k < this.offsets[r + 1]; k++) {
      const [x, y] = [this.x(k), this.y(k)];
      box.x0 = Math.min(box.x0, x);
      box.x1 = Math.max(box.x1, x);
      box.y0 = Math.min(box.y0, y);
      box.y1 = Math.max(box.y1, y);
    }
    return box;
  }

  /** Smallest distance from a point inside to a side; negative outside. */
  depthOf(r: number, x: number, y: number): { depth: number; corner: number } {
    let depth = Infinity;
    let corner = -1;
    for (let k = this.offsets[r]; k < this.offsets[r + 1]; k++) {
      const n = this.next(r, k);
      const [ax, ay] = [this.x(k), this.y(k)];
      const [dx, dy] = [this.x(n) - ax, this.y(n) - ay];
      const distance = (dx * (y - ay) - dy * (x - ax)) / Math.hypot(dx, dy);
      if (distance < depth) [depth, corner] = [distance, k];
    }
    return { depth, corner };
  }

  /** Region that holds a point, or OUTSIDE. */
  locate(x: number, y: number): number {
    let best = OUTSIDE;
    let deepest = -Infinity;
    for (const r of this.grid.at(x, y)) {
      const { depth } = this.depthOf(r, x, y);
      if (depth > deepest) [deepest, best] = [depth, r];
    }
    // A point on a side may seem to lie just outside both regions by rounding.
    return deepest >= -1e-15 * this.grid.size ? best : OUTSIDE;
  }

  /** Regions that may meet a rectangle. */
  within(rect: Rect): number[] {
    return this.grid.within(rect);
  }

  private get grid(): Grid {
    this.gridCache ??= new Grid(this);
    return this.gridCache;
  }
}

/** First activation region of the linear region of each, and how many of these there are. */
export interface Linear {
  first: Uint32Array;
  count: number;
}

/**
 * Pairs of corners that start one side from both ends, by a table of sides with open
 * addressing: several times faster than a Map where there are a million of them.
 */
function pairUp(members: Numbers, offsets: Uint32Array): Int32Array {
  const count = members.length;
  const ends = new Uint32Array(count);
  for (let r = 0; r + 1 < offsets.length; r++) {
    for (let k = offsets[r]; k < offsets[r + 1]; k++) ends[k] = members[k + 1 === offsets[r + 1] ? offsets[r] : k + 1];
  }
  const mask = 2 ** Math.ceil(Math.log2(2 * count + 1)) - 1;
  const table = new Int32Array(mask + 1).fill(-1);
  const twins = new Int32Array(count).fill(-1);
  for (let k = 0; k < count; k++) {
    const [from, to] = [members[k], ends[k]];
    let at = Math.imul(Math.min(from, to), 0x9e3779b1) ^ Math.imul(Math.max(from, to), 0x85ebca6b);
    at = (at ^ (at >>> 15)) & mask;
    while (table[at] >= 0 && !(members[table[at]] === to && ends[table[at]] === from)) at = (at + 1) & mask;
    if (table[at] < 0) table[at] = k;
    else {
      twins[k] = table[at];
      twins[table[at]] = k;
    }
  }
  return twins;
}

/** Regions by the cells of a square grid that their boxes meet. */
class Grid {
  readonly size: number;
  private readonly side: number;
  private readonly x0: number;
  private readonly y0: number;
  private readonly step: number;
  private readonly starts: Uint32Array;
  private readonly entries: Uint32Array;
  private readonly boxes: Float64Array;

  constructor(partition: Partition) {
    const all = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
    this.boxes = new Float64Array(4 * partition.count);
    for (let r = 0; r < partition.count; r++) {
      const box = partition.bounds(r);
      this.boxes.set([box.x0, box.y0, box.x1, box.y1], 4 * r);
      all.x0 = Math.min(all.x0, box.x0);
      all.y0 = Math.min(all.y0, box.y0);
      all.x1 = Math.max(all.x1, box.x1);
      all.y1 = Math.max(all.y1, box.y1);
    }
    this.size = Math.max(all.x1 - all.x0, all.y1 - all.y0) || 1;
    this.side = Math.max(1, Math.min(512, Math.ceil(Math.sqrt(partition.count))));
    [this.x0, this.y0, this.step] = [all.x0, all.y0, this.size / this.side];
    this.starts = new Uint32Array(this.side * this.side + 1);
    this.each(partition.count, (cell) => this.starts[cell + 1]++);
    for (let i = 0; i < this.side * this.side; i++) this.starts[i + 1] += this.starts[i];
    this.entries = new Uint32Array(this.starts[this.side * this.side]);
    const fill = this.starts.slice();
    this.each(partition.count, (cell, r) => (this.entries[fill[cell]++] = r));
  }

  private index(value: number, origin: number): number {
    return Math.max(0, Math.min(this.side - 1, Math.floor((value - origin) / this.step)));
  }

  private each(count: number, visit: (cell: number, r: number) => void): void {
    for (let r = 0; r < count; r++) {
      const [i0, i1] = [this.index(this.boxes[4 * r], this.x0), this.index(this.boxes[4 * r + 2], this.x0)];
      const [j0, j1] = [this.index(this.boxes[4 * r + 1], this.y0), this.index(this.boxes[4 * r + 3], this.y0)];
      for (let j = j0; j <= j1; j++) for (let i = i0; i <= i1; i++) visit(j * this.side + i, r);
    }
  }

  at(x: number, y: number): Uint32Array {
    const cell = this.index(y, this.y0) * this.side + this.index(x, this.x0);
    return this.entries.subarray(this.starts[cell], this.starts[cell + 1]);
  }

  within(rect: Rect): number[] {
    const found = new Set<number>();
    const [i0, i1] = [this.index(rect.x0, this.x0), this.index(rect.x1, this.x0)];
    const [j0, j1] = [this.index(rect.y0, this.y0), this.index(rect.y1, this.y0)];
    for (let j = j0; j <= j1; j++) {
      for (let i = i0; i <= i1; i++) {
        const cell = j * this.side + i;
        for (let at = this.starts[cell]; at < this.starts[cell + 1]; at++) {
          const r = this.entries[at];
          const b = 4 * r;
          const box = this.boxes;
          if (box[b] <= rect.x1 && box[b + 2] >= rect.x0 && box[b + 1] <= rect.y1 && box[b + 3] >= rect.y0) {
            found.add(r);
          }
        }
      }
    }
    return [...found];
  }
}
