/** Largest discs in convex polygons: sides move inward until the polygon is gone. */

import type { Numbers } from "./types";

export interface Discs {
  centers: Float64Array;
  radii: Float32Array;
}

/** A line that bounds a polygon: `nx x + ny y >= c` inside, with a normal of length 1. */
interface Line {
  nx: number;
  ny: number;
  c: number;
}

/** The point that is as far from three lines, and that distance. */
function meeting(p: Line, q: Line, r: Line): { x: number; y: number; depth: number } {
  const [ax, ay, a] = [p.nx - q.nx, p.ny - q.ny, p.c - q.c];
  const [bx, by, b] = [r.nx - q.nx, r.ny - q.ny, r.c - q.c];
  const det = ax * by - ay * bx;
  const [x, y] = [(a * by - ay * b) / det, (ax * b - a * bx) / det];
  return { x, y, depth: q.nx * x + q.ny * y - q.c };
}

/**
 * Center of the largest disc. While all sides move inward at one speed, the one that
 * vanishes first leaves its neighbors to meet; when they no longer do, or only three
 * were left, the polygon has shrunk to the center.
 */
function center(lines: Line[]): { x: number; y: number } {
  const left = [...lines];
  for (;;) {
    const count = left.length;
    let first = { x: 0, y: 0, depth: Infinity, at: 0 };
    for (let at = 0; at < count; at++) {
      const found = meeting(left[(at + count - 1) % count], left[at], left[(at + 1) % count]);
      if (found.depth < first.depth) first = { ...found, at };
    }
    const [before, after] = [left[(first.at + count - 1) % count], left[(first.at + 1) % count]];
    if (count <= 3 || before.nx * after.ny - before.ny * after.nx <= 0) return first;
    left.splice(first.at, 1);
  }
}

/** Discs of all polygons, whose corners are `members[offsets[r]]` and on, in order. */
export function inscribed(vertices: Float64Array, members: Numbers, offsets: Uint32Array): Discs {
  const count = offsets.length - 1;
  const discs = { centers: new Float64Array(2 * count), radii: new Float32Array(count) };
  for (let r = 0; r < count; r++) {
    const corners: [number, number][] = [];
    for (let k = offsets[r]; k < offsets[r + 1]; k++) corners.push([vertices[2 * members[k]], vertices[2 * members[k] + 1]]);
    const [ox, oy] = corners[0];
    // Around a corner and in units of its size, a small polygon keeps its digits.
    const size = Math.max(...corners.map(([x, y]) => Math.max(Math.abs(x - ox), Math.abs(y - oy)))) || 1;
    const lines = corners.flatMap(([x, y], i): Line[] => {
      const [nextX, nextY] = corners[(i + 1) % corners.length];
      const length = Math.hypot(nextX - x, nextY - y);
      if (length === 0) return [];
      const [nx, ny] = [-(nextY - y) / length, (nextX - x) / length];
      return [{ nx, ny, c: (nx * (x - ox) + ny * (y - oy)) / size }];
    });
    if (lines.length < 3) {
      discs.centers.set([ox, oy], 2 * r);
      continue;
    }
    const { x, y } = center(lines);
    const depth = lines.reduce((least, { nx, ny, c }) => Math.min(least, nx * x + ny * y - c), Infinity);
    discs.centers.set([ox + size * x, oy + size * y], 2 * r);
    discs.radii[r] = size * Math.max(0, depth);
  }
  return discs;
}
