/** Draws meshes with WebGL: fills from a palette, sides as smooth lines in pixels. */

import type { BufferImageSource, Geometry } from "pixi.js";
import type { Camera } from "./camera";
import { Program, type Renderer, begin, geometry, texture } from "./gpu";
import { type Mesh, SIDE } from "./mesh";
import type { Rgb } from "./palette";

/**
 * Colors of sides, one per layer, the rim of the domain first; alpha 0 hides them. The
 * second row is for sides on a dark fill, with all shades between the two.
 */
export type SideColors = [[number, number, number, number][], [number, number, number, number][]];

/** More sides than this are drawn as lines of one pixel. */
const MAX_QUADS = 60000;
/** Between regions of smaller inradius, in pixels, sides fade: they would cover the fill. */
export const FULL_PX = 5;
const QUAD = 9;
const LINE = 5;
const ENDS = [[0, -1], [0, 1], [1, -1], [1, 1]];

export interface Buffers {
  mesh: Mesh;
  fill: Geometry;
  sides: Geometry;
  numSides: number;
  /** Whether sides are quads, and not lines. */
  wide: boolean;
}

const FILL_VERTEX = `
precision highp float;
attribute vec3 corner;
uniform vec2 shift, scale;
varying float place;
void main() {
  place = corner.z;
  gl_Position = vec4((corner.xy + shift) * scale, 0.0, 1.0);
}`;

const FILL_FRAGMENT = `
precision highp float;
uniform sampler2D palette;
uniform float alpha;
varying float place;
void main() {
  gl_FragColor = vec4(texture2D(palette, vec2(place, 0.5)).rgb * alpha, alpha);
}`;

const SIDE_VERTEX = `
precision highp float;
attribute vec2 end;
attribute vec4 segment;
attribute vec3 kind;
uniform vec2 shift, scale, half_size;
uniform float width, layers, pixels;
varying float away, shown;
varying vec2 place;
void main() {
  vec2 a = (segment.xy + shift) * scale * half_size;
  vec2 b = (segment.zw + shift) * scale * half_size;
  vec2 along = b - a;
  float size = length(along);
  along = size > 0.0 ? along / size : vec2(1.0, 0.0);
  float reach = 0.5 * width + 1.0;
  vec2 at = mix(a, b, end.x) + vec2(-along.y, along.x) * end.y * reach;
  away = end.y * reach;
  place = vec2((kind.x + 1.5) / layers, mix(0.25, 0.75, kind.y));
  shown = clamp(kind.z * pixels, 0.05, 1.0);
  gl_Position = vec4(at / half_size, 0.0, 1.0);
}`;

/** One pixel wide: for meshes of so many sides that quads would cost too much. */
const LINE_VERTEX = `
precision highp float;
attribute vec4 corner;
attribute float room;
uniform vec2 shift, scale;
uniform float layers, pixels;
varying float away, shown;
varying vec2 place;
void main() {
  away = 0.0;
  place = vec2((corner.z + 1.5) / layers, mix(0.25, 0.75, corner.w));
  shown = clamp(room * pixels, 0.05, 1.0);
  gl_Position = vec4((corner.xy + shift) * scale, 0.0, 1.0);
}`;

const SIDE_FRAGMENT = `
precision highp float;
uniform sampler2D palette;
uniform float width;
varying float away, shown;
varying vec2 place;
void main() {
  vec4 color = texture2D(palette, place);
  float shade = color.a * shown * clamp(0.5 * width + 0.5 - abs(away), 0.0, 1.0);
  if (shade < 0.002) discard;
  gl_FragColor = vec4(color.rgb * shade, shade);
}`;

export class Painter {
  private fillPalette: BufferImageSource = texture(new Uint8Array(4), 1, 1, false);
  private sidePalette: BufferImageSource = texture(new Uint8Array(8), 1, 2, false);
  private sideColors = "";
  private readonly fills: Program;
  private readonly quads: Program;
  private readonly lines: Program;

  constructor(private readonly renderer: Renderer) {
    const spot = { shift: "vec2<f32>", scale: "vec2<f32>" } as const;
    const line = { ...spot, width: "f32", layers: "f32", pixels: "f32" } as const;
    this.fills = new Program(renderer, FILL_VERTEX, FILL_FRAGMENT, { ...spot, alpha: "f32" }, this.fillPalette);
    this.quads = new Program(renderer, SIDE_VERTEX, SIDE_FRAGMENT, { ...line, half_size: "vec2<f32>" }, this.sidePalette);
    this.lines = new Program(renderer, LINE_VERTEX, SIDE_FRAGMENT, line, this.sidePalette);
  }

  upload(mesh: Mesh): Buffers {
    const corner = { corner: { format: "float32x3", offset: 0 } } as const;
    const numSides = mesh.sides.length / SIDE;
    const wide = numSides <= MAX_QUADS;
    return {
      mesh,
      fill: geometry(mesh.fill, 3, corner, "triangle-list", mesh.triangles),
      sides: wide ? quadGeometry(mesh.sides, numSides) : lineGeometry(mesh.sides),
      numSides,
      wide,
    };
  }

  free(buffers: Buffers): void {
    buffers.fill.destroy(true);
    buffers.sides.destroy(true);
  }

  setFillPalette(colors: Rgb[], smooth: boolean): void {
    const [data, old] = [Uint8Array.from(colors.flatMap(([r, g, b]) => [r, g, b, 255])), this.fillPalette];
    this.fillPalette = texture(data, colors.length, 1, smooth);
    this.fills.setPalette(this.fillPalette);
    old.destroy();
  }

  private setSidePalette(colors: SideColors): void {
    const key = String(colors);
    if (key === this.sideColors) return;
    this.sideColors = key;
    const old = this.sidePalette;
    const data = Uint8Array.from(colors.flat().flatMap(([r, g, b, a]) => [r, g, b, Math.round(255 * a)]));
    this.sidePalette = texture(data, colors[0].length, 2, true);
    for (const program of [this.quads, this.lines]) program.setPalette(this.sidePalette);
    old.destroy();
  }

  clear(width: number, height: number, color: Rgb): void {
    begin(this.renderer, width, height, color);
  }

  fill(buffers: Buffers, camera: Camera, width: number, height: number, alpha: number): void {
    if (buffers.mesh.triangles.length) this.fills.draw(buffers.fill, { ...place(buffers.mesh, camera, width, height), alpha });
  }

  sides(buffers: Buffers, camera: Camera, width: number, height: number, colors: SideColors, line: number): void {
    if (!buffers.numSides) return;
    this.setSidePalette(colors);
    const fade = camera.scale / FULL_PX;
    const values = { ...place(buffers.mesh, camera, width, height), width: line, layers: colors[0].length, pixels: fade };
    if (buffers.wide) this.quads.draw(buffers.sides, { ...values, half_size: [width / 2, height / 2] });
    else this.lines.draw(buffers.sides, values);
  }
}

function lineGeometry(sides: Float32Array): Geometry {
  return geometry(lineCorners(sides), LINE, { corner: { format: "float32x4", offset: 0 }, room: { format: "float32", offset: 4 } }, "line-list");
}

function quadGeometry(sides: Float32Array, count: number): Geometry {
  const attributes = {
    segment: { format: "float32x4", offset: 0 },
    kind: { format: "float32x3", offset: 4 },
    end: { format: "float32x2", offset: 7 },
  } as const;
  return geometry(quadCorners(sides, Math.max(count, 1)), QUAD, attributes, "triangle-list", quadTriangles(count));
}

/** Both ends of each side: x, y, layer, dark, room. */
function lineCorners(sides: Float32Array): Float32Array {
  const corners = new Float32Array((sides.length / SIDE) * 2 * LINE);
  for (let from = 0, to = 0; from < sides.length; from += SIDE, to += 2 * LINE) {
    for (let end = 0; end < 2; end++) {
      for (let i = 0; i < 2; i++) corners[to + LINE * end + i] = sides[from + 2 * end + i];
      for (let i = 2; i < LINE; i++) corners[to + LINE * end + i] = sides[from + 2 + i];
    }
  }
  return corners;
}

/** Four corners per side, each with the whole side and which corner it is. */
function quadCorners(sides: Float32Array, count: number): Float32Array {
  const corners = new Float32Array(4 * QUAD * count);
  for (let i = 0; i < sides.length / SIDE; i++) {
    const side = sides.subarray(SIDE * i, SIDE * (i + 1));
    for (let c = 0; c < 4; c++) {
      corners.set(side, QUAD * (4 * i + c));
      corners.set(ENDS[c], QUAD * (4 * i + c) + SIDE);
    }
  }
  return corners;
}

function quadTriangles(count: number): Uint32Array {
  const triangles = new Uint32Array(6 * Math.max(count, 1));
  for (let i = 0; i < count; i++) triangles.set([0, 1, 2, 2, 1, 3].map((c) => 4 * i + c), 6 * i);
  return triangles;
}

/** Where a mesh lies in clip coordinates; the difference is taken in float64. */
function place(mesh: Mesh, camera: Camera, width: number, height: number) {
  const [sx, sy] = [(2 * camera.scale) / width, (2 * camera.scale) / height];
  return {
    shift: [mesh.origin[0] - camera.x, mesh.origin[1] - camera.y],
    scale: [sx, camera.yDown ? -sy : sy],
  };
}
