import type { CommandContext } from '../command.ts'

type Stream = CommandContext['stdout']

/** Colours that mean something; none where nobody would see them. */
export interface Paint {
  /** Columns that its reader sees; no end of them in files and pipes. */
  readonly columns: number
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly warn: (text: string) => string
  readonly dim: (text: string) => string
  readonly bold: (text: string) => string
}

/** Colours for a terminal; plain text for files, pipes, and who asks for none by `NO_COLOR`. */
export function paintFor({ isTTY, columns = 80 }: Stream, env: CommandContext['env']): Paint {
  const isColoured = isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'
  const as = (code: number) => (text: string) => (isColoured && text !== '' ? `\x1b[${code}m${text}\x1b[0m` : text)
  return {
    columns: isTTY === true ? columns : Infinity,
    good: as(32),
    bad: as(31),
    warn: as(33),
    dim: as(2),
    bold: as(1),
  }
}

export interface Column<Row> {
  readonly title: string
  /** Its text without colours: that is what the width is made of. */
  readonly text: (row: Row) => string
  readonly isNumber?: boolean
  readonly paint?: (text: string, row: Row) => string
  /** Most columns of the terminal that it takes; what is longer ends in `…`. */
  readonly most?: number
  /** Whether it is made narrower where the table is too wide. */
  readonly isElastic?: boolean
  /** Left out where a table is too wide even then: the highest first. Absent: it always stays. */
  readonly rank?: number
}

/** Columns that an elastic column keeps at least. */
const LEAST = 12

/**
 * Rows under titles, in columns as wide as they need: texts to the left, numbers to the right.
 * Control characters in a cell are shown as `\u00XX`, so that nobody's name can move the cursor.
 * What a terminal is too narrow for is shortened, then left out.
 */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { dim, columns: most }: Paint,
): string {
  const all = columns.map((column) => {
    const cells = rows.map((row) => shorten(plain(column.text(row)), column.most ?? Infinity))
    return { column, cells, width: Math.max(column.title.length, ...cells.map(widthOf)) }
  })
  const shown = fit(all, most)
  const line = (texts: readonly string[], paint: (text: string, i: number) => string) =>
    texts
      .map((text, i) => {
        const width = shown[i]?.width ?? 0
        const cell = shorten(text, width)
        const space = ' '.repeat(Math.max(0, width - widthOf(cell)))
        const painted = paint(cell, i)
        if (shown[i]?.column.isNumber === true) return `${space}${painted}`
        return i === shown.length - 1 ? painted : `${painted}${space}`
      })
      .join(GAP)
      .trimEnd()
  const head = line(
    shown.map(({ column }) => column.title),
    dim,
  )
  const body = rows.map((row, at) =>
    line(
      shown.map(({ cells }) => cells[at] ?? ''),
      (text, i) => shown[i]?.column.paint?.(text, row) ?? text,
    ),
  )
  return [head, ...body].map((each) => `${each}\n`).join('')
}

const GAP = '  '

interface Sized<Row> {
  readonly column: Column<Row>
  readonly cells: readonly string[]
  readonly width: number
}

/** The columns that fit, as wide as they may be. */
function fit<Row>(all: readonly Sized<Row>[], most: number): readonly Sized<Row>[] {
  const over = all.reduce((sum, { width }) => sum + width + GAP.length, -GAP.length) - most
  if (over <= 0) return all
  const elastic = all.filter(({ column, width }) => column.isElastic === true && width > LEAST)
  const widest = elastic.toSorted((a, b) => b.width - a.width)[0]
  const isEnough = elastic.reduce((sum, { width }) => sum + width - LEAST, 0) >= over
  if (widest !== undefined && isEnough) {
    const width = Math.max(LEAST, widest.width - over)
    return fit(
      all.map((each) => (each === widest ? { ...each, width } : each)),
      most,
    )
  }
  const [least] = all
    .filter(({ column }) => column.rank !== undefined)
    .toSorted((a, b) => (b.column.rank ?? 0) - (a.column.rank ?? 0))
  if (least !== undefined)
    return fit(
      all.filter((each) => each !== least),
      most,
    )
  // nothing more can be left out: the terminal breaks the lines
  return all.map((each) => (elastic.includes(each) ? { ...each, width: LEAST } : each))
}

/** A text in so many columns at most; what is cut off is told by `…`. */
export function shorten(text: string, most: number): string {
  if (widthOf(text) <= most) return text
  let shown = ''
  let width = 0
  for (const character of text) {
    width += widthOf(character)
    if (width > most - 1) break
    shown += character
  }
  return `${shown.trimEnd()}…`
}

/** Lines of `name  value`, aligned. */
export function facts(pairs: readonly (readonly [string, string | undefined])[], { dim }: Paint): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== '')
  const width = Math.max(0, ...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${dim(name.padEnd(width))}  ${plain(value)}\n`).join('')
}

/** Somebody's text on a terminal: control and direction characters are shown, not obeyed. @see Unicode, categories Cc and Cf, Zl, Zp */
export function plain(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Columns that a text takes: wide characters take two. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += isWide(character.codePointAt(0) ?? 0) ? 2 : 1
  return width
}

/** @see Unicode Standard Annex 11, the ranges that matter on a terminal */
function isWide(code: number): boolean {
  return (
    code >= 0x1100 &&
    (code <= 0x115f ||
      (code >= 0x2e80 && code <= 0xa4cf) ||
      (code >= 0xac00 && code <= 0xd7a3) ||
      (code >= 0xf900 && code <= 0xfaff) ||
      (code >= 0xfe30 && code <= 0xfe6f) ||
      (code >= 0xff00 && code <= 0xff60) ||
      (code >= 0x1f300 && code <= 0x1faff))
  )
}

/** How long ago, or until when, in the unit that fits: `12 s`, `3 min`, `5 h`, `2 d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** How long something took: `840 ms`, `1.2 s`, `2 min 5 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`
}

/** A share of 0 to 1: `10 %`, `0.5 %`, and `<0.1 %` of what is little but there. */
export function formatShare(share: number): string {
  const percent = share * 100
  if (percent > 0 && percent < 0.05) return '<0.1 %'
  return `${percent === 0 || percent >= 10 ? Math.round(percent) : Number(percent.toFixed(1))} %`
}

/** A moment of the calendar, in UTC, to the second. */
export function formatMoment(atMs: number): string {
  return new Date(atMs).toISOString().replace('T', ' ').slice(0, 19)
}
