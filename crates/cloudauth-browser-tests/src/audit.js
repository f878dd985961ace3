(() => {
  const problems = [];
  const describe = (it) => `<${it.localName}${it.className ? "." + it.getAttribute("class") : ""}> ${(it.innerText ?? it.value ?? "").trim().slice(0, 40)}`;
  const visible = (it) => it.checkVisibility({ visibilityProperty: true, opacityProperty: true });

  // WCAG 2: relative luminance, and 4.5 to 1 for text.
  const rgba = (colour) => {
    const parts = colour.match(/[\d.]+/g).map(Number);
    return parts.length < 4 ? [...parts, 1] : parts;
  };
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const background = (it) => {
    for (; it; it = it.parentElement) {
      const colour = rgba(getComputedStyle(it).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255, 1];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const it = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || ["SCRIPT", "STYLE", "OPTION"].includes(it.tagName) || !visible(it)) continue;
    const [text, behind] = [rgba(getComputedStyle(it).color), background(it)].map(luminance);
    const contrast = (Math.max(text, behind) + 0.05) / (Math.min(text, behind) + 0.05);
    if (contrast < 4.5) problems.push(`contrast ${contrast.toFixed(2)}: ${describe(it)}`);
  }

  for (const it of document.querySelectorAll("a, button, select, input, textarea, summary")) {
    if (!visible(it) || it.type === "hidden") continue;
    const target = it.closest("label") ?? it;
    const { height, width } = target.getBoundingClientRect();
    if (height < 44 || width < 44) problems.push(`target of ${width.toFixed(0)} x ${height.toFixed(0)}: ${describe(it)}`);
    const label = it.getAttribute("aria-label") || [...(it.labels ?? [])].map((l) => l.innerText).join(" ") || (it.matches("a, button, summary") && it.innerText);
    if (!(label || "").trim()) problems.push(`no label: ${describe(it)}`);
  }

  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) problems.push(`wider than the screen: ${root.scrollWidth} of ${root.clientWidth}`);
  if (!root.lang) problems.push("no language");
  if (!document.title) problems.push("no title");
  if (document.querySelectorAll("h1").length !== 1) problems.push("not exactly one h1");
  return problems;
})()
