/** What the fill of a region says: a number in [0, 1] per corner, and a palette. */

import { numClasses, winner } from "./classes";
import type { Partition } from "./partition";
import { BORN, KEPT, LOST, changeColor, classColor, codeColor, codeIndex, layerColor, mapped, partColor, type Rgb } from "./palette";
import { partsOf } from "./parts";

export const MODES = {
  output: "Output",
  code: "Activation pattern",
  layer: "Deepest layer",
  inradius: "Inradius",
  gradient: "Gradient norm",
  class: "Class",
  parts: "Parts of classes",
  change: "Kept, born, lost",
} as const;

export type Mode = keyof typeof MODES;

export interface Settings {
  mode: Mode;
  output: number;
  threshold: number;
  dark: boolean;
  /** Whether activation regions of one affine map count as one. */
  merged: boolean;
}

export interface Range {
  low: number;
  high: number;
  log: boolean;
}

/** Colors of one partition under one mode. */
export interface Coloring {
  mode: Mode;
  /** Colors at evenly spaced positions in [0, 1]. */
  palette: Rgb[];
  smooth: boolean;
  range: Range | null;
  /** Position in the palette of region `r`, at its corner `k`. */
  at(r: number, k: number): number;
  /** Whether the position varies inside a region. */
  perCorner: boolean;
  /** Position of the piece of a region on which a class wins, where regions are cut so. */
  piece?(r: number, cls: number): number;
}

const STEPS = 256;

/** Middle of entry `index` of a palette of `size` colors. */
const slot = (index: number, size: number) => (index + 0.5) / size;

/** Numbers between which 98 % of the values lie. */
function spread(values: Float32Array, stride: number, first: number, log: boolean): Range {
  const count = Math.floor(values.length / stride);
  const step = Math.max(1, Math.floor(count / 20000));
  const sample: number[] = [];
  for (let i = 0; i < count; i += step) {
    const value = values[i * stride + first];
    if (Number.isFinite(value) && (!log || value > 0)) sample.push(value);
  }
  if (!sample.length) return { low: 0, high: 1, log: false };
  sample.sort((a, b) => a - b);
  const low = sample[Math.floor(0.01 * (sample.length - 1))];
  const high = sample[Math.ceil(0.99 * (sample.length - 1))];
  return high > low ? { low, high, log } : { low: low - 0.5, high: low + 0.5, log: false };
}

export function position(range: Range, value: number): number {
  if (range.log) {
    if (value <= 0) return 0;
    return Math.max(0, Math.min(1, Math.log(value / range.low) / Math.log(range.high / range.low)));
  }
  return Math.max(0, Math.min(1, (value - range.low) / (range.high - range.low)));
}

function quantity(mode: "output" | "inradius" | "gradient", range: Range, perCorner: boolean, value: (r: number, k: number) => number): Coloring {
  const palette = Array.from({ length: STEPS }, (_, i) => mapped(mode, i / (STEPS - 1)));
  return { mode, palette, smooth: true, range, perCorner, at: (r, k) => position(range, value(r, k)) };
}

/** Deepest layer among the units that bound a region; -1 if none does. */
export function deepestLayer(p: Partition, r: number): number {
  let deepest = -1;
  for (let k = p.offsets[r]; k < p.offsets[r + 1]; k++) {
    if (p.sides[k] >= 0) deepest = Math.max(deepest, p.network.units[p.sides[k]].layer);
  }
  return deepest;
}

/** Whether a code of `p` is in `other` too: kept, else born (in the second) or lost. */
export function changeOf(p: Partition, r: number, other: Partition | null, isSecond: boolean): number {
  if (!other || other.codes.has(p.key(r))) return KEPT;
  return isSecond ? BORN : LOST;
}

export function coloring(p: Partition, settings: Settings, other: Partition | null, isSecond: boolean): Coloring {
  const { mode, dark, output } = settings;
  const K = p.numOutputs;
  const flat = (palette: Rgb[], index: (r: number) => number): Coloring => ({
    mode,
    palette,
    smooth: false,
    range: null,
    perCorner: false,
    at: (r) => slot(index(r), palette.length),
  });
  switch (mode) {
    case "output":
      return quantity(mode, spread(p.outputs, K, output, false), true, (_, k) => p.outputs[p.members[k] * K + output]);
    case "inradius":
      return quantity(mode, spread(p.radii, 1, 0, true), false, (r) => p.radii[r]);
    case "gradient":
      return quantity(mode, spread(p.gradients, K, output, true), false, (r) => p.gradients[r * K + output]);
    case "code":
      return flat(
        Array.from({ length: STEPS }, (_, i) => codeColor(i)),
        (r) => codeIndex(p.pattern(settings.merged ? p.linear.first[r] : r)),
      );
    case "layer": {
      const depth = p.network.depth;
      const none: Rgb = dark ? [60, 64, 72] : [222, 224, 228];
      const colors = Array.from({ length: depth }, (_, i) => soften(layerColor(i, depth, dark), dark));
      return flat([none, ...colors], (r) => deepestLayer(p, r) + 1);
    }
    case "class":
      return {
        ...flat(
          Array.from({ length: numClasses(p) }, (_, i) => classColor(i)),
          () => 0,
        ),
        perCorner: true,
        at: (_, k) => slot(winner(p, p.members[k], settings.threshold), numClasses(p)),
        piece: (_, cls) => slot(cls, numClasses(p)),
      };
    case "parts": {
      const parts = partsOf(p, settings.threshold);
      const palette = parts.list.slice(0, STEPS).map(({ cls, enclosed }, i) => partColor(cls, i, enclosed));
      // Where all scores are equal no class wins.
      if (!palette.length) palette.push(classColor(0));
      const piece = (r: number, cls: number) => slot(Math.max(0, parts.of(r, cls)) % palette.length, palette.length);
      return {
        ...flat(palette, () => 0),
        perCorner: true,
        at: (r, k) => piece(r, winner(p, p.members[k], settings.threshold)),
        piece,
      };
    }
    case "change":
      return flat([KEPT, BORN, LOST].map((change) => changeColor(change, dark)), (r) => changeOf(p, r, other, isSecond));
  }
}

/** The color of a layer as a fill, quieter than as a line. */
function soften(color: Rgb, dark: boolean): Rgb {
  const base = dark ? 24 : 255;
  return color.map((v) => Math.round(base + (v - base) * 0.55)) as Rgb;
}
