/** The header of the data block, as `experiments/atlas/contents.py` writes it. */

export type Numbers =
  | Float64Array
  | Float32Array
  | Int32Array
  | Int16Array
  | Uint8Array
  | Uint16Array
  | Uint32Array;

export interface RawLayer {
  weight: Float64Array;
  bias: Float64Array;
  slopes: Float64Array;
  skips: { source: number; matrix: Float64Array }[];
}

export interface RawFrame {
  name: string;
  complete: boolean;
  network: RawLayer[];
  vertices: Float64Array;
  counts: Numbers;
  members: Numbers;
  sides: Int32Array;
  patterns: Uint8Array;
  /** Linear region of each activation region; null where that is not known. */
  linear: Numbers | null;
  /** Chebyshev balls; null where the page finds them itself. */
  centers: Float64Array | null;
  radii: Float32Array | null;
  outputs: Float32Array;
  gradients: Float32Array;
  value: number;
}

/** The complex of a network of three inputs, cut by planes in `solid.ts`. */
export interface RawSolid {
  complete: boolean;
  network: RawLayer[];
  vertices: Float64Array;
  /** Corners of each facet, and the vertex of each corner. */
  counts: Numbers;
  corners: Numbers;
  /** Two per facet; the second is -1 at the rim of the domain. */
  regions: Int32Array;
  sides: Int32Array;
  patterns: Uint8Array;
  /** Linear region of each activation region. */
  linear: Numbers;
  outputs: Float32Array;
  /** Of each output on each region, three entries. */
  gradients: Float32Array;
}

export interface RawPoints {
  name: string;
  positions: Float32Array;
  labels: Int32Array;
  mistakes: Uint8Array;
}

export interface RawSeries {
  name: string;
  frames: RawFrame[];
  solid: RawSolid | null;
}

export interface Header {
  schema: number;
  title: string;
  domain: { kind: string; lower: number[]; upper: number[]; ambient: number };
  threshold: number;
  yDown: boolean;
  series: RawSeries[];
  points: RawPoints[];
  losses: Float32Array;
  surface: { vertices: Float64Array; triangles: Int32Array } | null;
}

export type Point = [number, number];

export interface Rect {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}
