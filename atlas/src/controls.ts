/** The choices above the map, each a native control with a label. */

import { el } from "./dom";
import type { Boundaries, Layout, Model } from "./model";
import { MODES, type Mode } from "./modes";
import { search } from "./search";
import type { Actions } from "./details";

const LAYOUTS: Record<Layout, string> = { first: "", second: "", split: "Side by side", overlay: "Overlaid" };
const BOUNDARIES: Record<Boundaries, string> = { plain: "One color", layers: "By layer", none: "Hidden" };

function choice<T extends string>(id: string, label: string, options: [T, string][], value: T, pick: (value: T) => void): HTMLElement {
  const select = el("select", { id });
  for (const [key, text] of options) select.append(el("option", { value: key }, text));
  select.value = value;
  select.addEventListener("change", () => pick(select.value as T));
  return el("label", { class: "field" }, el("span", {}, label), select);
}

function toggle(id: string, label: string, value: boolean, flip: (value: boolean) => void): HTMLElement {
  const box = el("input", { type: "checkbox", id });
  box.checked = value;
  box.addEventListener("change", () => flip(box.checked));
  return el("label", { class: "toggle" }, box, el("span", {}, label));
}

export function controls(model: Model, actions: Actions): HTMLElement {
  const { header } = model;
  const bar = el("div", { id: "controls", role: "toolbar", "aria-label": "What the map shows" });
  if (model.comparing) {
    const names: Record<Layout, string> = { ...LAYOUTS, first: header.series[0].name, second: header.series[1].name };
    const order: Layout[] = ["split", "overlay", "first", "second"];
    bar.append(
      choice("layout", "Networks", order.map((key) => [key, names[key]]), model.layout, (value) => {
        model.layout = value;
        model.changed("layout");
      }),
    );
  }
  bar.append(
    choice("mode", "Color", model.modes.map((mode) => [mode, MODES[mode]]), model.mode, (value: Mode) => {
      model.mode = value;
      model.changed("look");
    }),
  );
  const outputs = model.partition(0).numOutputs;
  if (outputs > 1) {
    const names = Array.from({ length: outputs }, (_, i): [string, string] => [String(i), `f${i + 1}`]);
    bar.append(
      choice("output", "Output", names, String(model.output), (value) => {
        model.output = Number(value);
        model.changed("look");
      }),
    );
  }
  bar.append(
    choice("boundaries", "Boundaries", Object.entries(BOUNDARIES) as [Boundaries, string][], model.boundaries, (value) => {
      model.boundaries = value;
      model.changed("look");
    }),
  );
  bar.append(
    toggle("linear", "Linear regions", model.merged, (value) => {
      model.merged = value;
      model.changed("look");
    }),
  );
  if (header.points.length) {
    bar.append(
      toggle("points", "Points", model.points, (value) => {
        model.points = value;
        model.changed("look");
      }),
      toggle("mistakes", "Mistakes", model.mistakes, (value) => {
        model.mistakes = value;
        if (value) model.points = true;
        model.changed("look");
      }),
    );
  }
  bar.append(searchForm(model, actions));
  return bar;
}

function searchForm(model: Model, actions: Actions): HTMLElement {
  const input = el("input", {
    id: "search",
    type: "search",
    placeholder: model.cutting ? "x, y, z or a code" : "0.3, 0.5 or a code",
    "aria-label": "Search by coordinates or code",
    autocomplete: "off",
    spellcheck: "false",
  });
  const find = (event: Event) => {
    event.preventDefault();
    const found = search(model, input.value);
    if (typeof found === "string") {
      actions.say(found);
      return;
    }
    model.selectKey(found.series, found.key);
    actions.show(found.series, model.selected(model.partition(found.series)));
  };
  return el("form", { role: "search", submit: find }, input, el("button", { type: "submit" }, "Find"));
}
