import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readCase, type CaseAbout } from '../../test/models/case.fixture.ts'
import { checkCase, describe, type Verdict } from '../../test/models/check.fixture.ts'

/** Where `make.mjs` puts the corpus. */
export const CORPUS = join(import.meta.dirname, '../../.bench/corpus')

/** A case of the corpus, and what became of it. */
export interface Line {
  /** `<version of scikit-learn>/<name>` */
  readonly dir: string
  readonly about: CaseAbout
  readonly verdict: Verdict
}

export interface Selection {
  /** Folder of folders of versions. */
  readonly corpus: string
  /** All when empty. */
  readonly versions: readonly string[]
  /** Parts of `<family>/<version>/<name>/`, one of which must be in it. */
  readonly texts: readonly string[]
}

/** Checks the selected cases, one after the other. */
export async function* checkCorpus({ corpus, versions, texts }: Selection): AsyncGenerator<Line> {
  for (const version of versions.length > 0 ? versions : readdirSync(corpus).toSorted(byVersion)) {
    for (const name of existsSync(join(corpus, version)) ? readdirSync(join(corpus, version)) : []) {
      const dir = `${version}/${name}`
      const folder = join(corpus, dir)
      if (!existsSync(join(folder, 'case.json')) || !existsSync(join(folder, 'expected.json'))) continue
      const read = readCase(folder)
      const place = `${read.about.family ?? ''}/${dir}/`
      if (texts.length > 0 && !texts.some((text) => place.includes(text))) continue
      const verdict = await checkCase(read).catch((error: unknown): Verdict => ({
        state: 'failed',
        reason: describe(error),
      }))
      yield { dir, about: read.about, verdict }
    }
  }
}

/** Whether a case is one that can be compiled, rather than one that needs its author's code. */
export function isCompilable({ about }: Line): boolean {
  return about.expect === 'compile-or-worker'
}

/** Orders `1.10.0` after `1.9.1`. */
export function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

/** A list that was written with commas. */
export function splitList(text: string): string[] {
  return text.split(',').filter((part) => part !== '')
}
