/** A coordinate, to a tenth. */
export function at(value: number): string {
  return String(Math.round(value * 10) / 10)
}

export function text(x: number, y: number, words: string, kind = '', anchor = 'start'): string {
  const attributes = `${kind === '' ? '' : ` class="${kind}"`}${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}`
  return `<text x="${at(x)}" y="${at(y)}"${attributes}>${words}</text>`
}
