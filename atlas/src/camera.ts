/** Where the map looks: a center and a scale in float64, shared by linked panes. */

import type { Point, Rect } from "./types";

export class Camera {
  x = 0;
  y = 0;
  /** Pixels per unit. */
  scale = 1;

  constructor(
    readonly domain: Rect,
    readonly yDown: boolean,
  ) {
    this.x = (domain.x0 + domain.x1) / 2;
    this.y = (domain.y0 + domain.y1) / 2;
  }

  get size(): number {
    return Math.max(this.domain.x1 - this.domain.x0, this.domain.y1 - this.domain.y0);
  }

  private get up(): number {
    return this.yDown ? 1 : -1;
  }

  /** Show the whole domain in a pane of this size. */
  fit(width: number, height: number): void {
    this.frame(this.domain, width, height, 0.94);
  }

  /** Whether it shows just the whole domain in a pane of this size. */
  isFit(width: number, height: number): boolean {
    const fitted = new Camera(this.domain, this.yDown);
    fitted.fit(width, height);
    return fitted.x === this.x && fitted.y === this.y && fitted.scale === this.scale;
  }

  /** Show a rectangle, filling this share of the pane. */
  frame(rect: Rect, width: number, height: number, share: number): void {
    this.x = (rect.x0 + rect.x1) / 2;
    this.y = (rect.y0 + rect.y1) / 2;
    const [w, h] = [rect.x1 - rect.x0, rect.y1 - rect.y0];
    this.scale = share * Math.min(w > 0 ? width / w : Infinity, h > 0 ? height / h : Infinity);
    this.limit(width, height);
  }

  /** Keep the scale where float64 still tells corners apart, and the domain in reach. */
  limit(width: number, height: number): void {
    const whole = Math.min(width, height) / this.size;
    this.scale = Math.max(0.2 * whole, Math.min(this.scale, whole * 1e13));
    this.x = Math.max(this.domain.x0, Math.min(this.domain.x1, this.x));
    this.y = Math.max(this.domain.y0, Math.min(this.domain.y1, this.y));
  }

  toScreen(x: number, y: number, width: number, height: number): Point {
    return [width / 2 + (x - this.x) * this.scale, height / 2 + this.up * (y - this.y) * this.scale];
  }

  toWorld(px: number, py: number, width: number, height: number): Point {
    return [this.x + (px - width / 2) / this.scale, this.y + (this.up * (py - height / 2)) / this.scale];
  }

  /** Zoom by a factor, keeping the point under a pixel where it is. */
  zoom(factor: number, px: number, py: number, width: number, height: number): void {
    const [x, y] = this.toWorld(px, py, width, height);
    this.scale *= factor;
    this.limit(width, height);
    const [nx, ny] = this.toWorld(px, py, width, height);
    this.x += x - nx;
    this.y += y - ny;
    this.limit(width, height);
  }

  pan(dx: number, dy: number, width: number, height: number): void {
    this.x -= dx / this.scale;
    this.y -= (this.up * dy) / this.scale;
    this.limit(width, height);
  }

  /** What a pane of this size shows, grown by a factor around its middle. */
  view(width: number, height: number, grow = 1): Rect {
    const [w, h] = [(grow * width) / this.scale / 2, (grow * height) / this.scale / 2];
    return { x0: this.x - w, x1: this.x + w, y0: this.y - h, y1: this.y + h };
  }
}
