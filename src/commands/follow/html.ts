export function followHtml(..._: unknown[]): string {
  return '';
}
