/** What is known of one region, and its forms as JSON and LaTeX. */

import type { Affine } from "./network";
import { tex, texLinear, texName } from "./numbers";
import type { Partition } from "./partition";
import type { RawPoints } from "./types";

export interface Inequality {
  corner: number;
  /** Bit of the unit, or null for a facet of the domain. */
  bit: number | null;
  label: string;
  /** `ax x + ay y + b > 0` inside. */
  row: Affine;
  neighbor: number;
}

export interface Description {
  region: number;
  code: string;
  layers: boolean[][];
  maps: Affine[];
  inequalities: Inequality[];
  area: number;
  inradius: number;
  center: [number, number];
  gradients: number[];
}

export function unitLabel(p: Partition, bit: number): string {
  const { layer, unit } = p.network.units[bit];
  return `layer ${layer + 1} unit ${unit + 1}`;
}

export function describe(p: Partition, r: number): Description {
  const { network } = p;
  const maps = network.affine((index) => p.bit(r, index));
  const inequalities: Inequality[] = [];
  for (let k = p.offsets[r]; k < p.offsets[r + 1]; k++) {
    const side = p.sides[k];
    inequalities.push({
      corner: k,
      bit: side < 0 ? null : side,
      label: side < 0 ? `edge ${-side} of the domain` : unitLabel(p, side),
      row: side < 0 ? sideRow(p, r, k) : unitRow(p, r, side, maps),
      neighbor: p.across(k),
    });
  }
  const layers = network.widths.map((_, layer) => {
    const bits: boolean[] = [];
    for (let i = network.firstBit[layer]; i < network.firstBit[layer + 1]; i++) bits.push(p.bit(r, i));
    return bits;
  });
  return {
    region: r,
    code: p.code(r),
    layers,
    maps: maps[maps.length - 1],
    inequalities,
    area: p.area(r),
    inradius: p.radii[r],
    center: [p.centers[2 * r], p.centers[2 * r + 1]],
    gradients: Array.from(p.gradients.subarray(r * p.numOutputs, (r + 1) * p.numOutputs)),
  };
}

/** The pre-activation of a unit, with the sign that makes it positive inside. */
function unitRow(p: Partition, r: number, bit: number, maps: Affine[][]): Affine {
  const { layer, unit } = p.network.units[bit];
  const pre = maps[layer][unit];
  if (p.bit(r, bit)) return pre;
  return { ax: -pre.ax || 0, ay: -pre.ay || 0, b: -pre.b || 0 };
}

/** The inner side of a straight line through two corners. */
function sideRow(p: Partition, r: number, k: number): Affine {
  const n = p.next(r, k);
  const [dx, dy] = [p.x(n) - p.x(k), p.y(n) - p.y(k)];
  const length = Math.hypot(dx, dy);
  const [ax, ay] = [-dy / length || 0, dx / length || 0];
  return { ax, ay, b: -(ax * p.x(k) + ay * p.y(k)) || 0 };
}

export function toJson(p: Partition, d: Description, plane: Record<string, number> | null): string {
  const data = {
    network: p.name,
    // Gradients, inequalities and positions are in the two coordinates of the plane.
    ...(plane && { plane }),
    region: d.region,
    code: d.code,
    pattern: d.layers.map((bits) => bits.map(Number)),
    affine_map: d.maps.map(({ ax, ay, b }) => ({ gradient: [ax, ay], offset: b })),
    inequalities: d.inequalities.map(({ bit, label, row, neighbor }) => ({
      unit: bit === null ? null : [p.network.units[bit].layer, p.network.units[bit].unit],
      label,
      // As in regions.Polytope: outward normal, A x <= b.
      A: [-row.ax || 0, -row.ay || 0],
      b: row.b,
      neighbor: neighbor < 0 ? null : p.code(neighbor),
    })),
    vertices: Array.from({ length: p.offsets[d.region + 1] - p.offsets[d.region] }, (_, i) => {
      const k = p.offsets[d.region] + i;
      return [p.x(k), p.y(k)];
    }),
    area: d.area,
    inradius: d.inradius,
    chebyshev_center: d.center,
  };
  return JSON.stringify(data, null, 2);
}

export function toLatex(d: Description, axes: readonly [string, string]): string {
  const names = axes.map(texName) as [string, string];
  const maps = d.maps.map(({ ax, ay, b }, i) => {
    const name = d.maps.length > 1 ? `f_{${i + 1}}(x)` : "f(x)";
    return `${name} &= ${texLinear(ax, ay, b, names)}`;
  });
  const rows = d.inequalities.map(({ row, label }) => `${texLinear(row.ax, row.ay, row.b, names)} &> 0 && \\text{${label}}`);
  return [
    `% region ${d.region}, code ${d.code}, area ${tex(d.area)}, inradius ${tex(d.inradius)}`,
    "\\begin{align*}",
    [...maps, ...rows].map((line) => `  ${line}`).join(" \\\\\n"),
    "\\end{align*}",
  ].join("\n");
}

/** Points of each set in a region, and on how many of them the network errs. */
export function pointsInside(p: Partition, r: number, sets: RawPoints[], frame: number): { name: string; count: number; wrong: number }[] {
  const box = p.bounds(r);
  return sets.map(({ name, positions, labels, mistakes }) => {
    let [count, wrong] = [0, 0];
    for (let i = 0; i < labels.length; i++) {
      const [x, y] = [positions[2 * i], positions[2 * i + 1]];
      if (x < box.x0 || x > box.x1 || y < box.y0 || y > box.y1) continue;
      if (p.depthOf(r, x, y).depth < 0) continue;
      count++;
      wrong += mistakes[frame * labels.length + i];
    }
    return { name, count, wrong };
  });
}
