/** What Prometheus calls a metric's type. */
export type MetricType = 'counter' | 'gauge' | 'histogram'

export type Labels = Readonly<Record<string, string>>

/** Writes Prometheus' text format, version 0.0.4. Each family is begun once, and its samples follow. */
export interface Exposition {
  family(name: string, type: MetricType, help: string): void
  /** A sample of the family begun last. @param labels as `writeLabels` gives them */
  sample(labels: string, value: number): void
  /** A histogram of the family begun last, from buckets that are not cumulated. @see Histogram */
  histogram(labels: string, bounds: readonly number[], histogram: ArrayLike<number>, unit: number): void
  text(): string
}

export function createExposition(): Exposition {
  const begun = new Set<string>()
  let text = ''
  let family = ''

  function write(name: string, labels: string, value: number): void {
    text += labels === '' ? `${name} ${writeNumber(value)}\n` : `${name}{${labels}} ${writeNumber(value)}\n`
  }

  return {
    family(name, type, help) {
      if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) throw new Error(`${name} is no metric's name; this is a bug`)
      if (begun.has(name)) throw new Error(`metric ${name} stands twice; this is a bug`)
      begun.add(name)
      family = name
      text += `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`
    },
    sample: (labels, value) => write(family, labels, value),
    histogram(labels, bounds, histogram, unit) {
      const separator = labels === '' ? '' : ','
      let count = 0
      bounds.forEach((bound, i) => {
        count += histogram[i] ?? 0
        write(`${family}_bucket`, `${labels}${separator}le="${writeNumber(bound)}"`, count)
      })
      count += histogram[bounds.length] ?? 0
      write(`${family}_bucket`, `${labels}${separator}le="+Inf"`, count)
      write(`${family}_sum`, labels, (histogram[bounds.length + 1] ?? 0) * unit)
      write(`${family}_count`, labels, count)
    },
    text: () => text,
  }
}

/** Labels as they stand between the braces of a sample. */
export function writeLabels(labels: Labels): string {
  const parts: string[] = []
  for (const [name, value] of Object.entries(labels)) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) throw new Error(`${name} is no label's name; this is a bug`)
    parts.push(`${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`)
  }
  return parts.join(',')
}

function writeNumber(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}
