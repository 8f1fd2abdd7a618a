/** The network in the chart of the map: units, codes and affine maps, in float64. */

import type { RawLayer } from "./types";

export interface Unit {
  layer: number;
  unit: number;
}

/** `a . x + b` with a gradient of two entries. */
export interface Affine {
  ax: number;
  ay: number;
  b: number;
}

const IDENTITY: Affine[] = [
  { ax: 1, ay: 0, b: 0 },
  { ax: 0, ay: 1, b: 0 },
];

export class Network {
  /** Layer and unit of each bit of a pattern. */
  readonly units: Unit[] = [];
  /** First bit of each hidden layer, and the number of bits. */
  readonly firstBit: number[] = [0];
  readonly widths: number[];

  /** `inputs` are the coordinates of the input space on the chart of the map. */
  constructor(
    readonly layers: RawLayer[],
    private readonly inputs: Affine[] = IDENTITY,
  ) {
    const hidden = layers.slice(0, -1);
    hidden.forEach((layer, index) => {
      layer.slopes.forEach((slope, unit) => {
        if (slope !== 1) this.units.push({ layer: index, unit });
      });
      this.firstBit.push(this.units.length);
    });
    this.widths = hidden.map((layer) => layer.bias.length);
  }

  /** Which unit each bit of a code is: codes of networks that differ in it say nothing of each other. */
  get unitsKey(): string {
    return this.units.map(({ layer, unit }) => `${layer}.${unit}`).join();
  }

  /** Widths of the hidden layers as text. */
  get shape(): string {
    return this.widths.join("-") || "none";
  }

  get depth(): number {
    return this.widths.length;
  }

  get outputs(): number {
    return this.layers[this.layers.length - 1].bias.length;
  }

  /** Pre-activations of every layer under a pattern, each an affine map of the input. */
  affine(bit: (index: number) => boolean): Affine[][] {
    const values: Affine[][] = [this.inputs];
    const result: Affine[][] = [];
    let at = 0;
    this.layers.forEach((layer, index) => {
      const pre = Array.from(layer.bias, (b) => ({ ax: 0, ay: 0, b }));
      add(pre, layer.weight, values[index]);
      for (const { source, matrix } of layer.skips) add(pre, matrix, values[source]);
      result.push(pre);
      if (index === this.depth) return;
      values.push(
        pre.map((p, unit) => {
          const slope = layer.slopes[unit];
          const gate = slope === 1 || bit(at++) ? 1 : slope;
          return { ax: gate * p.ax, ay: gate * p.ay, b: gate * p.b };
        }),
      );
    });
    return result;
  }
}

function add(pre: Affine[], matrix: Float64Array, values: Affine[]): void {
  const columns = values.length;
  pre.forEach((p, row) => {
    for (let j = 0, at = row * columns; j < columns; j++, at++) {
      const w = matrix[at];
      p.ax += w * values[j].ax;
      p.ay += w * values[j].ay;
      p.b += w * values[j].b;
    }
  });
}
