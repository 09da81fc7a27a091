/** Runs in a page: texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3). */
export function faint() {
  const rgba = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const behind = (one) =>
    one ? over(rgba(getComputedStyle(one).backgroundColor), behind(one.parentElement)) : [255, 255, 255, 1];
  const luminance = (colour) => {
    const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = colour.map((x) => linear(x / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const hasText = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  return [...document.querySelectorAll('body *')]
    .filter((one) => hasText(one) && one.getClientRects().length > 0)
    .flatMap((one) => {
      const under = behind(one);
      const [a, b] = [luminance(over(rgba(getComputedStyle(one).color), under)), luminance(under)];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      return contrast < 4.5 ? [`${one.tagName}.${one.className}: ${contrast.toFixed(2)}`] : [];
    });
}
