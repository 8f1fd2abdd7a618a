// What a reader may fail to see or to name on a page: texts with their contrast to what
// is behind them, and elements without the words that stand for them.
() => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const parse = (color) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = color;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (front, back, opacity = 1) => {
    const alpha = front[3] * opacity;
    return [0, 1, 2].map((k) => front[k] * alpha + back[k] * (1 - alpha)).concat([1]);
  };
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement)
      layers.push(parse(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((back, front) => over(front, back), [255, 255, 255, 1]);
  };
  const channel = (v) =>
    (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) =>
    0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);

  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const element = node.parentElement;
    const { width, height } = element.getBoundingClientRect();
    if (!node.data.trim() || !element.checkVisibility() || width < 2 || height < 2)
      continue;
    let opacity = 1;
    for (let e = element; e; e = e.parentElement) opacity *= getComputedStyle(e).opacity;
    if (opacity < 0.1) continue;
    const style = getComputedStyle(element), back = behind(element);
    const pair = [over(parse(style.color), back, opacity), back];
    const [a, b] = pair.map(luminance).sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    texts.push([node.data.trim().slice(0, 40), (a + 0.05) / (b + 0.05), large ? 3 : 4.5]);
  }

  const named = (e) =>
    e.innerText?.trim() || e.getAttribute("aria-label") || e.title || e.placeholder ||
    e.labels?.length || e.querySelector("img[alt]");
  const controls = "a[href], button, input:not([type=hidden]), select";
  const nameless = [
    ...[...document.querySelectorAll(controls)].filter(
      (e) => e.checkVisibility() && e.getBoundingClientRect().width > 1 && !named(e),
    ),
    ...[...document.images].filter((e) => !e.alt),
  ].map((e) => e.outerHTML.slice(0, 120));
  return { texts, nameless };
}
