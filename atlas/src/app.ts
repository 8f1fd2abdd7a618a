/** Puts the parts on the page and keeps them in step. */

import { controls } from "./controls";
import { Details } from "./details";
import { copy, el } from "./dom";
import { compareWith, fileButton, listenForFiles } from "./dropping";
import { read, write } from "./fragment";
import { type Renderer, openRenderer } from "./gpu";
import { helpDialog } from "./help";
import { listen } from "./input";
import { Legend } from "./legend";
import { Readout, ScaleBar } from "./measures";
import { type Change, Model } from "./model";
import { OUTSIDE } from "./partition";
import { Pane } from "./pane";
import { type Format, save } from "./saving";
import { PlaneSlider } from "./planes";
import { SurfaceView } from "./surface";
import { Timeline } from "./timeline";
import type { Header } from "./types";

export class App {
  private readonly model: Model;
  private readonly stage = el("main", { id: "stage" });
  private readonly status = el("p", { id: "status", role: "status" });
  private readonly details: Details;
  private readonly legend: Legend;
  private readonly scaleBar = new ScaleBar();
  private readonly readout: Readout;
  private readonly help = helpDialog();
  private readonly spare: Pane[] = [];
  private panes: Pane[] = [];
  private timeline: Timeline | PlaneSlider | null = null;
  private surface: SurfaceView | null = null;
  private pending = false;
  private fragmentTimer = 0;
  private statusTimer = 0;
  private placed = false;
  /** Of a map, when it was last measured. */
  private size: [number, number] = [1, 1];
  private axis: number;
  private readonly gone = new AbortController();

  /** `renderers`: one per map, and for a 3-D domain one more. */
  private constructor(
    header: Header,
    private readonly root: HTMLElement,
    private readonly renderers: Renderer[],
  ) {
    this.model = new Model(header);
    this.placed = read(this.model, location.hash);
    this.axis = this.model.axis;
    const actions = {
      show: (s: number, r: number) => this.show(s, r),
      showBall: (s: number, r: number) => this.showBall(s, r),
      say: (text: string) => this.say(text),
    };
    this.details = new Details(this.model, actions);
    this.legend = new Legend(this.model);
    this.readout = new Readout(this.model);
    document.title = header.title;
    this.applyTheme(null);
    if (this.model.cutting) this.timeline = new PlaneSlider(this.model);
    else if (this.model.numFrames > 1) this.timeline = new Timeline(this.model);
    if (this.model.cutting) this.surface = new SurfaceView(this.model, renderers[header.series.length], () => this.request());
    const heading = el("h1", { title: header.title }, header.title);
    const theme = el("button", { id: "theme", "aria-label": "Light or dark theme", click: () => this.applyTheme(!this.model.dark) }, "Theme");
    const keys = el("button", { id: "keys", click: () => this.help.showModal() }, "Keys");
    const link = el("button", { id: "link", click: () => this.copyLink() }, "Copy link");
    const take = (file: File) => this.compare(file);
    const side = el("aside", { id: "side" }, this.legend.element, this.surface?.element, this.details.element);
    root.append(
      el("header", {}, heading, controls(this.model, actions), el("div", { class: "row", id: "actions" }, link, this.savingChoice(), fileButton(take), theme, keys)),
      this.stage,
      this.timeline?.element ?? "",
      side,
      this.status,
      this.help,
    );
    root.classList.toggle("with-timeline", this.timeline !== null);
    root.hidden = false;
    this.layOut();
    this.details.update();
    this.model.listen((change) => this.changed(change));
    this.listen();
    listenForFiles(take, this.gone.signal);
  }

  static async open(header: Header, root: HTMLElement): Promise<App> {
    const count = header.series.length + (header.series[0].solid ? 1 : 0);
    const canvases = Array.from({ length: count }, () => el("canvas"));
    return new App(header, root, await Promise.all(canvases.map(openRenderer)));
  }

  private listen(): void {
    const { signal } = this.gone;
    const sizes = new ResizeObserver(() => this.resized());
    sizes.observe(this.stage);
    signal.addEventListener("abort", () => sizes.disconnect());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.applyTheme(null), { signal });
    document.addEventListener("keydown", (event) => this.key(event), { signal });
    window.addEventListener(
      "hashchange",
      () => {
        if (location.hash === write(this.model)) return;
        read(this.model, location.hash);
        this.changed("layout");
        this.changed("frame");
        this.changed("selection");
      },
      { signal },
    );
  }

  private copyLink(): void {
    history.replaceState(null, "", write(this.model));
    void copy(location.href).then((done) => this.say(done ? "Link copied: it opens this view." : "This browser did not let the page copy."));
  }

  private savingChoice(): HTMLElement {
    const choice = el("select", { id: "save", "aria-label": "Save the view as a file" }, el("option", { value: "" }, "Save as…"));
    for (const format of ["svg", "png", "pdf"]) choice.append(el("option", { value: format }, format.toUpperCase()));
    choice.addEventListener("change", () => {
      const format = choice.value as Format | "";
      choice.value = "";
      if (format) void save(this.model, this.panes, format).catch((error) => this.say(`The view was not saved: ${error.message}.`));
    });
    return choice;
  }

  /** Open the page anew with another network beside the one that is shown. */
  private async compare(file: File): Promise<void> {
    this.say(`Reading ${file.name}.`);
    const header = await compareWith(this.model, file).catch((error) => `${file.name} cannot be read: ${error.message}.`);
    if (typeof header === "string") {
      this.say(header);
      return;
    }
    this.gone.abort();
    history.replaceState(null, "", "#");
    clearTimeout(this.fragmentTimer);
    this.root.replaceChildren();
    for (const renderer of this.renderers) renderer.destroy();
    await App.open(header, this.root);
  }

  private key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const typing = target.matches("input[type=search], input[type=number], select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || this.help.open) return;
    const button = target.matches("button, input");
    if (event.key === "?") this.help.showModal();
    else if (event.key === "/") document.getElementById("search")?.focus();
    else if (event.key === "t") this.applyTheme(!this.model.dark);
    else if (event.key === "g") this.details.thinnest();
    else if (event.key === "l") document.getElementById("linear")?.click();
    else if (event.key === "[") this.model.step(-1);
    else if (event.key === "]") this.model.step(1);
    else if (event.key === " " && this.timeline && !button) this.timeline.toggle();
    else return;
    event.preventDefault();
  }

  /** Light or dark; null follows the system. */
  private applyTheme(dark: boolean | null): void {
    const root = document.documentElement;
    if (dark !== null) root.dataset.theme = dark ? "dark" : "light";
    const chosen = root.dataset.theme;
    this.model.dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    if (this.root.hidden) return;
    this.changed("look");
    this.details.update();
  }

  /** As many panes as networks are shown. */
  private layOut(): void {
    const wanted = this.model.panes;
    while (this.spare.length < wanted.length) {
      const pane = new Pane(this.model, 0, this.renderers[this.spare.length]);
      listen(pane, this.model);
      this.readout.follow(pane);
      this.spare.push(pane);
    }
    this.panes = wanted.map((series, i) => {
      const pane = this.spare[i];
      pane.series = series;
      pane.invalidate();
      return pane;
    });
    this.stage.classList.toggle("split", this.panes.length > 1);
    this.stage.replaceChildren(...this.panes.map((pane) => pane.element), this.scaleBar.element, this.readout.element);
    this.relabel();
    this.request();
  }

  private relabel(): void {
    for (const pane of this.panes) {
      const p = pane.partition;
      const overlay = this.model.layout === "overlay" ? ` with ${this.model.partition(1).name}` : "";
      pane.title.textContent = `${p.name}${overlay}`;
      pane.title.hidden = !this.model.comparing;
      pane.marks.setAttribute("aria-label", `Map of ${p.name}, ${p.count} activation regions`);
    }
  }

  private changed(change: Change): void {
    if (change === "layout") {
      this.layOut();
      this.resized();
    }
    if (change === "look" || change === "frame") for (const pane of this.panes) pane.invalidate();
    if (change === "frame") {
      this.relabel();
      this.turn();
      this.follow();
    }
    if (change !== "view" && change !== "look") this.details.update();
    if (change === "frame" || change === "selection" || change === "layout") this.timeline?.update();
    this.request();
  }

  /** Show the whole of a plane across another axis. */
  private turn(): void {
    const [pane] = this.panes;
    const { axis, camera } = this.model;
    if (axis === this.axis) return;
    this.axis = axis;
    camera.fit(pane.width, pane.height);
  }

  /** Keep the selected region in view while it moves from frame to frame. */
  private follow(): void {
    const [pane] = this.panes;
    const p = pane.partition;
    const region = this.model.selected(p);
    if (region === OUTSIDE) return;
    const { camera } = this.model;
    const [x, y] = [p.centers[2 * region], p.centers[2 * region + 1]];
    const view = camera.view(pane.width, pane.height, 0.9);
    if (x < view.x0 || x > view.x1 || y < view.y0 || y > view.y1) Object.assign(camera, { x, y });
  }

  private resized(): void {
    const [pane] = this.panes;
    const { camera } = this.model;
    const [width, height] = this.size;
    // The whole domain stays whole when the map gets another size.
    if (!this.placed || camera.isFit(width, height)) camera.fit(pane.width, pane.height);
    this.placed = true;
    this.size = [pane.width, pane.height];
    camera.limit(pane.width, pane.height);
    this.request();
  }

  /** Draw before the next frame, once. */
  private request(): void {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.draw();
    });
  }

  private draw(): void {
    if (this.root.hidden || this.gone.signal.aborted) return;
    const start = performance.now();
    for (const pane of this.panes) pane.draw();
    this.surface?.draw();
    const [pane] = this.panes;
    if (pane.coloring) this.legend.update(pane.partition, pane.coloring);
    this.scaleBar.update(this.model.camera.scale);
    this.readout.update();
    const data = document.documentElement.dataset;
    data.drawn = String(Number(data.drawn ?? 0) + 1);
    data.drawMs = (performance.now() - start).toFixed(2);
    data.ready ??= performance.now().toFixed(0);
    clearTimeout(this.fragmentTimer);
    this.fragmentTimer = window.setTimeout(() => history.replaceState(null, "", write(this.model)), 200);
  }

  private show(series: number, region: number): void {
    if (region === OUTSIDE) return;
    const [pane] = this.panes;
    const p = this.model.partition(series);
    this.model.camera.frame(p.bounds(region), pane.width, pane.height, 0.45);
    this.model.changed("view");
  }

  /** Zoom until the disc of a region is as large as a coin. */
  private showBall(series: number, region: number): void {
    const [pane] = this.panes;
    const p = this.model.partition(series);
    const [x, y, r] = [p.centers[2 * region], p.centers[2 * region + 1], p.radii[region]];
    this.model.camera.frame({ x0: x - r, x1: x + r, y0: y - r, y1: y + r }, pane.width, pane.height, 0.16);
    this.model.changed("view");
  }

  private say(text: string): void {
    this.status.textContent = text;
    clearTimeout(this.statusTimer);
    this.statusTimer = window.setTimeout(() => (this.status.textContent = ""), 6000);
  }
}
