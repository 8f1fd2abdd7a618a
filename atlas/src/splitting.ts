/** Regions of a network that was dropped on the page: cells cut unit by unit, in float64. */

import { Network } from "./network";
import type { RawFrame, RawLayer, Rect } from "./types";

/** More cells than this would keep the page busy for minutes. */
const MAX_CELLS = 200000;
/** Of the largest pre-activation: a corner as near to a boundary as this lies on it. */
const ON_LINE = 1e-12;

export class TooManyCells extends Error {}

/** A convex polygon: its corners, what bounds the side after each, and its bits so far. */
interface Cell {
  corners: number[];
  sides: number[];
  bits: boolean[];
}

/** Corners of all cells, with the output of every layer there, and that of the next. */
class Corners {
  readonly positions: number[];
  /** By layer, then by corner. */
  readonly values: number[][][];
  pre: number[][] = [];
  private made = new Map<string, number>();

  constructor(points: [number, number][]) {
    this.positions = points.flat();
    this.values = [points.map((point) => [...point])];
  }

  /** Pre-activations of a layer at every corner. */
  enter(layer: RawLayer, index: number): void {
    const parts = [{ source: index, matrix: layer.weight }, ...layer.skips];
    this.pre = this.values[0].map((_, v) =>
      Array.from(layer.bias, (bias, unit) => {
        let sum = bias;
        for (const { source, matrix } of parts) {
          const given = this.values[source][v];
          for (let j = 0, at = unit * given.length; j < given.length; j++, at++) sum += matrix[at] * given[j];
        }
        return sum;
      }),
    );
  }

  /** Put corners that rounding left beside the boundary of a unit on it. */
  settle(unit: number): void {
    const size = this.pre.reduce((most, z) => Math.max(most, Math.abs(z[unit])), 0);
    for (const z of this.pre) if (Math.abs(z[unit]) <= ON_LINE * size) z[unit] = 0;
    this.made = new Map();
  }

  /** Where a unit vanishes on a side: one corner, whichever cell asks for it. */
  between(a: number, b: number, unit: number): number {
    const [p, q] = a < b ? [a, b] : [b, a];
    const name = `${p},${q}`;
    const known = this.made.get(name);
    if (known !== undefined) return known;
    const share = this.pre[p][unit] / (this.pre[p][unit] - this.pre[q][unit]);
    const mix = (from: number[], to: number[]) => from.map((v, i) => v + share * (to[i] - v));
    const { positions } = this;
    const found = positions.length / 2;
    positions.push(...mix(positions.slice(2 * p, 2 * p + 2), positions.slice(2 * q, 2 * q + 2)));
    for (const layer of this.values) layer.push(mix(layer[p], layer[q]));
    this.pre.push(mix(this.pre[p], this.pre[q]));
    this.pre[found][unit] = 0;
    this.made.set(name, found);
    return found;
  }

  leave(slopes: ArrayLike<number>): void {
    this.values.push(this.pre.map((z) => z.map((v, unit) => (v > 0 ? v : slopes[unit] * v))));
  }
}

/** One or two parts of a cell. Neighbors see the same values, and so agree on corners. */
function cutCell(cell: Cell, corners: Corners, unit: number, label: number): Cell[] {
  const values = cell.corners.map((v) => corners.pre[v][unit]);
  const on = values.some((v) => v > 0);
  if (!on || !values.some((v) => v < 0)) {
    cell.bits.push(on);
    return [cell];
  }
  const part = (bit: boolean): Cell => ({ corners: [], sides: [], bits: [...cell.bits, bit] });
  const parts = [part(true), part(false)];
  const add = (to: Cell, corner: number, side: number) => {
    to.corners.push(corner);
    to.sides.push(side);
  };
  values.forEach((here, k) => {
    const at = (k + 1) % values.length;
    const [corner, side, next] = [cell.corners[k], cell.sides[k], values[at]];
    parts.forEach((to, i) => {
      const [near, far] = i ? [-here, -next] : [here, next];
      if (near > 0) add(to, corner, side);
      // Out of this part along the boundary, or into it along the side.
      if (near === 0) add(to, corner, far > 0 ? side : label);
      if (near > 0 && far < 0) add(to, corners.between(corner, cell.corners[at], unit), label);
      if (near < 0 && far > 0) add(to, corners.between(corner, cell.corners[at], unit), side);
    });
  });
  return parts;
}

/** What the page shows of a network on a rectangle. */
export function splitCells(layers: RawLayer[], name: string, { x0, y0, x1, y1 }: Rect): RawFrame {
  const corners = new Corners([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]);
  // Facets of the domain, as `regions.Box` numbers them: x low, x high, y low, y high.
  let cells: Cell[] = [{ corners: [0, 1, 2, 3], sides: [-3, -2, -4, -1], bits: [] }];
  let bit = 0;
  layers.slice(0, -1).forEach((layer, index) => {
    corners.enter(layer, index);
    layer.slopes.forEach((slope, unit) => {
      if (slope === 1) return;
      corners.settle(unit);
      cells = cells.flatMap((cell) => cutCell(cell, corners, unit, bit));
      if (cells.length > MAX_CELLS) throw new TooManyCells();
      bit++;
    });
    corners.leave(layer.slopes);
  });
  corners.enter(layers[layers.length - 1], layers.length - 1);
  return frame(layers, name, cells, corners);
}

function frame(network: RawLayer[], name: string, cells: Cell[], corners: Corners): RawFrame {
  const bytes = Math.ceil(cells[0].bits.length / 8);
  const patterns = new Uint8Array(bytes * cells.length);
  cells.forEach(({ bits }, r) => bits.forEach((on, i) => on && (patterns[r * bytes + (i >> 3)] |= 1 << (i & 7))));
  const read = new Network(network);
  const gradients = cells.flatMap(({ bits }) => {
    const maps = read.affine((i) => bits[i]);
    return maps[maps.length - 1].map(({ ax, ay }) => Math.hypot(ax, ay));
  });
  return {
    name,
    // Nothing was left out; in float64 nothing is proved, either.
    complete: true,
    network,
    vertices: Float64Array.from(corners.positions),
    counts: Uint32Array.from(cells, (cell) => cell.corners.length),
    members: Uint32Array.from(cells.flatMap((cell) => cell.corners)),
    sides: Int32Array.from(cells.flatMap((cell) => cell.sides)),
    patterns,
    linear: null,
    centers: null,
    radii: null,
    outputs: Float32Array.from(corners.pre.flat()),
    gradients: Float32Array.from(gradients),
    value: 0,
  };
}
