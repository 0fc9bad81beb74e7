/** A table before it is drawn. */
export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** A letter for each column: `l` for words, to the left, `r` for numbers, to the right. */
  readonly align: string
}

export function drawText({ head, rows, align }: Table): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)))
  const draw = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (align[i] === 'l' ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  return [draw(head), ...rows.map(draw)].join('\n')
}

export function drawMarkdown({ head, rows, align }: Table): string {
  const draw = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const rule = head.map((_, i) => (align[i] === 'l' ? '---' : '---:'))
  return [head, rule, ...rows].map(draw).join('\n')
}
