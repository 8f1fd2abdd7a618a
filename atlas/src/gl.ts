/** Draws meshes with WebGL: fills from a palette, sides as smooth lines in pixels. */

import createRegl, { type Regl } from "regl";
import type { Camera } from "./camera";
import { type Mesh, SIDE } from "./mesh";
import type { Rgb } from "./palette";

/**
 * Colors of sides, one per layer, the rim of the domain first; alpha 0 hides them. The
 * second row is for sides on a dark fill.
 */
export type SideColors = [[number, number, number, number][], [number, number, number, number][]];

/** More sides than this are drawn as lines of one pixel. */
const MAX_QUADS = 60000;
const QUAD = 8;
const ENDS = [[0, -1], [0, 1], [1, -1], [1, 1]];

interface Buffers {
  mesh: Mesh;
  fill: createRegl.Buffer;
  elements: createRegl.Elements;
  sides: createRegl.Buffer;
  /** Triangles of the quads; none for lines. */
  quads: createRegl.Elements | null;
  numSides: number;
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
attribute vec2 kind;
uniform vec2 shift, scale, half_size;
uniform float width, layers;
varying float away;
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
  place = vec2((kind.x + 1.5) / layers, kind.y > 0.5 ? 0.75 : 0.25);
  gl_Position = vec4(at / half_size, 0.0, 1.0);
}`;

/** One pixel wide: for meshes of so many sides that quads would cost too much. */
const LINE_VERTEX = `
precision highp float;
attribute vec4 corner;
uniform vec2 shift, scale;
uniform float layers;
varying float away;
varying vec2 place;
void main() {
  away = 0.0;
  place = vec2((corner.z + 1.5) / layers, corner.w > 0.5 ? 0.75 : 0.25);
  gl_Position = vec4((corner.xy + shift) * scale, 0.0, 1.0);
}`;

const SIDE_FRAGMENT = `
precision highp float;
uniform sampler2D palette;
uniform float width, alpha;
varying float away;
varying vec2 place;
void main() {
  vec4 color = texture2D(palette, place);
  float shade = color.a * alpha * clamp(0.5 * width + 0.5 - abs(away), 0.0, 1.0);
  if (shade < 0.004) discard;
  gl_FragColor = vec4(color.rgb * shade, shade);
}`;

export class Painter {
  private readonly regl: Regl;
  private readonly fillPalette: createRegl.Texture2D;
  private readonly sidePalette: createRegl.Texture2D;
  private readonly drawFill: createRegl.DrawCommand;
  private readonly drawSides: createRegl.DrawCommand;
  private readonly drawLines: createRegl.DrawCommand;

  constructor(readonly canvas: HTMLCanvasElement) {
    this.regl = createRegl({
      canvas,
      attributes: { antialias: true, alpha: false, depth: false, stencil: false },
      extensions: ["OES_element_index_uint"],
      pixelRatio: window.devicePixelRatio,
    });
    const { regl } = this;
    this.fillPalette = regl.texture({ width: 1, height: 1 });
    this.sidePalette = regl.texture({ width: 1, height: 1 });
    const blend = { enable: true, func: { src: "one", dst: "one minus src alpha" } } as const;
    const prop = (name: string) => regl.prop<Record<string, unknown>, string>(name as never);
    const common = { depth: { enable: false }, blend };
    this.drawFill = regl({
      ...common,
      vert: FILL_VERTEX,
      frag: FILL_FRAGMENT,
      attributes: { corner: { buffer: prop("fill"), stride: 12, offset: 0 } as never },
      elements: prop("elements") as never,
      uniforms: { shift: prop("shift"), scale: prop("scale"), alpha: prop("alpha"), palette: this.fillPalette },
    } as never);
    this.drawSides = regl({
      ...common,
      vert: SIDE_VERTEX,
      frag: SIDE_FRAGMENT,
      elements: prop("quads") as never,
      attributes: {
        segment: { buffer: prop("sides"), stride: 4 * QUAD, offset: 0 } as never,
        kind: { buffer: prop("sides"), stride: 4 * QUAD, offset: 16 } as never,
        end: { buffer: prop("sides"), stride: 4 * QUAD, offset: 24 } as never,
      },
      uniforms: { ...sideUniforms(prop), half_size: prop("half"), palette: this.sidePalette },
    } as never);
    this.drawLines = regl({
      ...common,
      vert: LINE_VERTEX,
      frag: SIDE_FRAGMENT,
      primitive: "lines",
      count: ((_: unknown, props: Buffers) => 2 * props.numSides) as never,
      attributes: { corner: { buffer: prop("sides"), stride: 16, offset: 0 } as never },
      uniforms: { ...sideUniforms(prop), palette: this.sidePalette },
    } as never);
  }

  upload(mesh: Mesh): Buffers {
    return {
      mesh,
      fill: this.regl.buffer(mesh.fill),
      elements: this.regl.elements({ data: mesh.triangles as never, primitive: "triangles", type: "uint32" }),
      ...this.uploadSides(mesh.sides, mesh.sides.length / SIDE),
    };
  }

  private uploadSides(sides: Float32Array, count: number) {
    if (count > MAX_QUADS) return { sides: this.regl.buffer(lineCorners(sides)), quads: null, numSides: count };
    const quads = this.regl.elements({ data: quadTriangles(count) as never, primitive: "triangles", type: "uint32" });
    return { sides: this.regl.buffer(quadCorners(sides, Math.max(count, 1))), quads, numSides: count };
  }

  free(buffers: Buffers): void {
    buffers.fill.destroy();
    buffers.elements.destroy();
    buffers.sides.destroy();
    buffers.quads?.destroy();
  }

  setFillPalette(colors: Rgb[], smooth: boolean): void {
    const filter = smooth ? "linear" : "nearest";
    const data = Uint8Array.from(colors.flatMap(([r, g, b]) => [r, g, b, 255]));
    this.fillPalette({ width: colors.length, height: 1, data, min: filter, mag: filter, wrap: "clamp" });
  }

  clear(width: number, height: number, color: Rgb): void {
    const ratio = window.devicePixelRatio || 1;
    const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    if (this.canvas.width !== w || this.canvas.height !== h) [this.canvas.width, this.canvas.height] = [w, h];
    this.regl.poll();
    const [r, g, b] = color.map((v) => v / 255);
    this.regl.clear({ color: [r, g, b, 1] });
  }

  fill(buffers: Buffers, camera: Camera, width: number, height: number, alpha: number): void {
    if (buffers.mesh.triangles.length) this.drawFill({ ...buffers, ...place(buffers.mesh, camera, width, height), alpha });
  }

  sides(buffers: Buffers, camera: Camera, width: number, height: number, colors: SideColors, line: number, alpha: number): void {
    if (!buffers.numSides) return;
    const data = Uint8Array.from(colors.flat().flatMap(([r, g, b, a]) => [r, g, b, Math.round(255 * a)]));
    this.sidePalette({ width: colors[0].length, height: 2, data, min: "nearest", mag: "nearest" });
    const draw = buffers.quads ? this.drawSides : this.drawLines;
    draw({
      ...buffers,
      ...place(buffers.mesh, camera, width, height),
      half: [width / 2, height / 2],
      width: line,
      layers: colors[0].length,
      alpha,
    });
  }
}

export type { Buffers };

function sideUniforms(prop: (name: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(["shift", "scale", "width", "alpha", "layers"].map((name) => [name, prop(name)]));
}

/** Both ends of each side: x, y, layer, dark. */
function lineCorners(sides: Float32Array): Float32Array {
  const corners = new Float32Array((sides.length / SIDE) * 8);
  for (let from = 0, to = 0; from < sides.length; from += SIDE, to += 8) {
    corners.set([sides[from], sides[from + 1], sides[from + 4], sides[from + 5]], to);
    corners.set([sides[from + 2], sides[from + 3], sides[from + 4], sides[from + 5]], to + 4);
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
