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

interface Buffers {
  mesh: Mesh;
  fill: createRegl.Buffer;
  elements: createRegl.Elements;
  sides: createRegl.Buffer;
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

  constructor(readonly canvas: HTMLCanvasElement) {
    this.regl = createRegl({
      canvas,
      attributes: { antialias: true, alpha: false, depth: false, stencil: false },
      extensions: ["ANGLE_instanced_arrays", "OES_element_index_uint"],
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
      primitive: "triangle strip",
      count: 4,
      instances: prop("numSides") as never,
      attributes: {
        end: [[0, -1], [0, 1], [1, -1], [1, 1]],
        segment: { buffer: prop("sides"), divisor: 1, stride: 4 * SIDE, offset: 0 } as never,
        kind: { buffer: prop("sides"), divisor: 1, stride: 4 * SIDE, offset: 16 } as never,
      },
      uniforms: {
        shift: prop("shift"),
        scale: prop("scale"),
        half_size: prop("half"),
        width: prop("width"),
        alpha: prop("alpha"),
        layers: prop("layers"),
        palette: this.sidePalette,
      },
    } as never);
  }

  upload(mesh: Mesh): Buffers {
    return {
      mesh,
      fill: this.regl.buffer(mesh.fill),
      elements: this.regl.elements({ data: mesh.triangles as never, primitive: "triangles", type: "uint32" }),
      sides: this.regl.buffer(mesh.sides.length ? mesh.sides : new Float32Array(SIDE)),
      numSides: mesh.sides.length / SIDE,
    };
  }

  free(buffers: Buffers): void {
    buffers.fill.destroy();
    buffers.elements.destroy();
    buffers.sides.destroy();
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
    this.drawSides({
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

/** Where a mesh lies in clip coordinates; the difference is taken in float64. */
function place(mesh: Mesh, camera: Camera, width: number, height: number) {
  const [sx, sy] = [(2 * camera.scale) / width, (2 * camera.scale) / height];
  return {
    shift: [mesh.origin[0] - camera.x, mesh.origin[1] - camera.y],
    scale: [sx, camera.yDown ? -sy : sy],
  };
}
