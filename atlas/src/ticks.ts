/** Round numbers along the left and the lower edge of a map. */

import type { Camera } from "./camera";
import { short } from "./numbers";
import type { Lines } from "./recorder";

/** Pixels between two ticks, at least. */
const APART = { x: 90, y: 60 } as const;
const LENGTH = 5;
const FONT = "11px system-ui, sans-serif";

/** Ticks between two coordinates that lie so many pixels apart. */
export function ticks(low: number, high: number, pixels: number, apart: number): { value: number; text: string }[] {
  const least = ((high - low) * apart) / pixels;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = ([1, 2, 5, 10].find((s) => s * power >= least) ?? 10) * power;
  const found: { value: number; text: string }[] = [];
  for (let i = Math.ceil(low / step); i <= Math.floor(high / step); i++) found.push({ value: i * step, text: label(i * step, step) });
  return found;
}

/** As many digits as tell one tick from the next. */
function label(value: number, step: number): string {
  if (Math.abs(value) < step / 2) return "0";
  const digits = Math.ceil(Math.log10(Math.abs(value) / step) + 1e-9) + 1;
  return short(value, Math.max(1, Math.min(17, digits)));
}

export function drawTicks(lines: Lines, camera: Camera, width: number, height: number, ink: string, ground: string): void {
  const { x0, x1, y0, y1 } = camera.view(width, height);
  lines.font = FONT;
  const write = (text: string, x: number, y: number) => {
    lines.strokeStyle = ground;
    lines.lineWidth = 3;
    lines.strokeText(text, x, y);
    lines.fillStyle = ink;
    lines.fillText(text, x, y);
  };
  const mark = (x: number, y: number, dx: number, dy: number) => {
    for (const [color, size] of [[ground, 3], [ink, 1]] as const) {
      lines.strokeStyle = color;
      lines.lineWidth = size;
      lines.beginPath();
      lines.moveTo(x, y);
      lines.lineTo(x + dx, y + dy);
      lines.stroke();
    }
  };
  for (const { value, text } of ticks(x0, x1, width, APART.x)) {
    const [x] = camera.toScreen(value, 0, width, height);
    mark(x, 0, 0, LENGTH);
    [lines.textAlign, lines.textBaseline] = ["center", "top"];
    write(text, x, LENGTH + 2);
  }
  for (const { value, text } of ticks(y0, y1, height, APART.y)) {
    const [, y] = camera.toScreen(0, value, width, height);
    mark(width, y, -LENGTH, 0);
    [lines.textAlign, lines.textBaseline] = ["right", "middle"];
    write(text, width - LENGTH - 3, y);
  }
}
