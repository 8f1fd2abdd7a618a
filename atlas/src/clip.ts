/** Convex polygons, cut by half-planes in float64; corners carry one more number. */

import type { Rect } from "./types";

/** Corners as x, y, value, three numbers each. */
export type Polygon = number[];

/** The part where `slack >= 0`; `slack` is affine. */
export function cut(polygon: Polygon, slack: (x: number, y: number, v: number) => number): Polygon {
  const result: Polygon = [];
  const count = polygon.length / 3;
  if (!count) return result;
  let [px, py, pv] = polygon.slice(3 * count - 3);
  let before = slack(px, py, pv);
  for (let i = 0; i < count; i++) {
    const [x, y, v] = [polygon[3 * i], polygon[3 * i + 1], polygon[3 * i + 2]];
    const here = slack(x, y, v);
    if (here >= 0 !== before >= 0) {
      const share = before / (before - here);
      result.push(px + share * (x - px), py + share * (y - py), pv + share * (v - pv));
    }
    if (here >= 0) result.push(x, y, v);
    [px, py, pv, before] = [x, y, v, here];
  }
  return result;
}

export function cutToRect(polygon: Polygon, rect: Rect): Polygon {
  let kept = cut(polygon, (x) => x - rect.x0);
  kept = cut(kept, (x) => rect.x1 - x);
  kept = cut(kept, (_, y) => y - rect.y0);
  return cut(kept, (_, y) => rect.y1 - y);
}

/** The part of a segment in a rectangle, or null; Liang and Barsky 1984. */
export function cutSegment(ax: number, ay: number, bx: number, by: number, rect: Rect): [number, number, number, number] | null {
  let [t0, t1] = [0, 1];
  const [dx, dy] = [bx - ax, by - ay];
  const limits = [
    [-dx, ax - rect.x0],
    [dx, rect.x1 - ax],
    [-dy, ay - rect.y0],
    [dy, rect.y1 - ay],
  ];
  for (const [p, q] of limits) {
    if (p === 0) {
      if (q < 0) return null;
    } else if (p < 0) t0 = Math.max(t0, q / p);
    else t1 = Math.min(t1, q / p);
  }
  if (t0 > t1) return null;
  return [ax + t0 * dx, ay + t0 * dy, ax + t1 * dx, ay + t1 * dy];
}
