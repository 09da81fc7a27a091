export function noiseHtml(..._: unknown[]): string {
  return '';
}
