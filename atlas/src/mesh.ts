/** Triangles and sides of a partition, in float32 around an origin in float64. */

import { numClasses, winner } from "./classes";
import { type Polygon, cut, cutSegment, cutToRect } from "./clip";
import type { Coloring } from "./modes";
import type { Partition } from "./partition";
import type { Rect } from "./types";

export interface Mesh {
  origin: [number, number];
  /** Corners of triangles: x, y, position in the palette. */
  fill: Float32Array;
  triangles: Uint32Array;
  /**
   * Sides: x, y, x, y, layer (-1 at the rim of the domain), how dark the fill is from 0
   * to 1, and the larger inradius of the regions on both sides, infinite at the rim.
   */
  sides: Float32Array;
  /** Regions in it. */
  regions: number;
}

/** Arrays that grow. */
class Builder {
  fill = new Float32Array(1 << 14);
  triangles = new Uint32Array(1 << 14);
  corners = 0;
  indices = 0;

  constructor(
    private readonly ox: number,
    private readonly oy: number,
  ) {}

  add(polygon: Polygon): void {
    const count = polygon.length / 3;
    if (count < 3) return;
    if (3 * (this.corners + count) > this.fill.length) {
      const grown = new Float32Array(2 * this.fill.length + polygon.length);
      grown.set(this.fill);
      this.fill = grown;
    }
    if (this.indices + 3 * count > this.triangles.length) {
      const grown = new Uint32Array(2 * this.triangles.length + 3 * count);
      grown.set(this.triangles);
      this.triangles = grown;
    }
    let at = 3 * this.corners;
    for (let i = 0; i < polygon.length; i += 3) {
      this.fill[at++] = polygon[i] - this.ox;
      this.fill[at++] = polygon[i + 1] - this.oy;
      this.fill[at++] = polygon[i + 2];
    }
    for (let i = 1; i + 1 < count; i++) {
      this.triangles[this.indices++] = this.corners;
      this.triangles[this.indices++] = this.corners + i;
      this.triangles[this.indices++] = this.corners + i + 1;
    }
    this.corners += count;
  }
}

/**
 * The mesh of all regions, or of those in a rectangle, cut to it: far inside the map,
 * float32 cannot hold corners that lie far outside the view.
 */
export function buildMesh(p: Partition, coloring: Coloring, threshold: number, rect: Rect | null, origin: [number, number], merged: boolean): Mesh {
  const regions = rect ? p.within(rect) : null;
  const builder = new Builder(...origin);
  for (const polygon of polygonsOf(p, coloring, threshold, rect)) builder.add(polygon);
  return {
    origin,
    fill: builder.fill.subarray(0, 3 * builder.corners),
    triangles: builder.triangles.subarray(0, builder.indices),
    sides: sidesOf(p, coloring, regions, rect, origin, merged),
    regions: regions ? regions.length : p.count,
  };
}

/** Filled polygons of all regions, or of those in a rectangle, cut to it. */
export function* polygonsOf(p: Partition, coloring: Coloring, threshold: number, rect: Rect | null): Generator<Polygon> {
  const regions = rect ? p.within(rect) : p.offsets.subarray(0, p.count).keys();
  for (const r of regions) {
    if (coloring.piece) yield* classesOf(p, r, coloring.piece, threshold, rect);
    else {
      const polygon = cornersOf(p, r, (k) => coloring.at(r, k), coloring.perCorner);
      yield rect ? cutToRect(polygon, rect) : polygon;
    }
  }
}

function cornersOf(p: Partition, r: number, value: (k: number) => number, varies: boolean): Polygon {
  const polygon: Polygon = [];
  const start = p.offsets[r];
  const first = value(start);
  for (let k = start; k < p.offsets[r + 1]; k++) polygon.push(p.x(k), p.y(k), varies ? value(k) : first);
  return polygon;
}

/** The pieces of a region on which one class wins: exact, as scores are affine there. */
function* classesOf(p: Partition, r: number, color: NonNullable<Coloring["piece"]>, threshold: number, rect: Rect | null): Generator<Polygon> {
  const classes = numClasses(p);
  const present = new Set<number>();
  for (let k = p.offsets[r]; k < p.offsets[r + 1]; k++) present.add(winner(p, p.members[k], threshold));
  // Where one class wins at all corners it wins everywhere; else any class may appear.
  const candidates = present.size === 1 ? [...present] : Array.from({ length: classes }, (_, i) => i);
  for (const cls of candidates) {
    let piece = cornersOf(p, r, () => 0, false);
    if (present.size > 1) {
      for (let other = 0; other < classes && piece.length; other++) {
        if (other === cls) continue;
        const lead = affineLead(p, r, cls, other, threshold);
        piece = cut(piece, lead);
      }
    }
    for (let i = 2; i < piece.length; i += 3) piece[i] = color(r, cls);
    yield rect ? cutToRect(piece, rect) : piece;
  }
}

/** Lead of one class over another on a region, from the affine map under its code. */
function affineLead(p: Partition, r: number, cls: number, other: number, threshold: number): (x: number, y: number) => number {
  const maps = p.network.affine((index) => p.bit(r, index));
  const outputs = maps[maps.length - 1];
  const zero = { ax: 0, ay: 0, b: 0 };
  const one = p.numOutputs === 1;
  const scores = (c: number) => (one ? (c === 1 ? { ...outputs[0], b: outputs[0].b - threshold } : zero) : outputs[c]);
  const [f, g] = [scores(cls), scores(other)];
  return (x, y) => (f.ax - g.ax) * x + (f.ay - g.ay) * y + (f.b - g.b);
}

export const SIDE = 7;
/** Luminance of a fill from which ink begins to lighten, and where it is all light. */
const DARK = [120, 80] as const;
const WIDEST = 1e30;

/** Sides of these regions, of all where none are named; see `Mesh`. */
export function sidesOf(p: Partition, coloring: Coloring, regions: number[] | null, rect: Rect | null, [ox, oy]: [number, number], merged: boolean): Float32Array {
  const [from, to] = DARK;
  const dark = coloring.palette.map(([r, g, b]) => Math.max(0, Math.min(1, (0.299 * r + 0.587 * g + 0.114 * b - from) / (to - from))));
  const isDark = (r: number, k: number) => dark[Math.min(dark.length - 1, Math.floor(coloring.at(r, k) * dark.length))];
  const sides: number[] = [];
  const { units } = p.network;
  const one = (r: number) => {
    for (let k = p.offsets[r]; k < p.offsets[r + 1]; k++) {
      const twin = p.twins[k];
      if ((twin >= 0 && twin < k) || (merged && p.isJoined(k))) continue;
      const n = p.next(r, k);
      const side = p.sides[k];
      const layer = side < 0 ? -1 : units[side].layer;
      const room = twin < 0 ? WIDEST : Math.max(p.radii[r], p.radii[p.regionOf(twin)]);
      if (!rect) {
        sides.push(p.x(k) - ox, p.y(k) - oy, p.x(n) - ox, p.y(n) - oy, layer, isDark(r, k), room);
        continue;
      }
      const kept = cutSegment(p.x(k), p.y(k), p.x(n), p.y(n), rect);
      if (kept) sides.push(kept[0] - ox, kept[1] - oy, kept[2] - ox, kept[3] - oy, layer, isDark(r, k), room);
    }
  };
  if (regions) regions.forEach(one);
  else for (let r = 0; r < p.count; r++) one(r);
  return Float32Array.from(sides);
}
