import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCase } from './case.fixture.ts'
import { checkCase, type Verdict } from './check.fixture.ts'
import { readDemos } from './demo.fixture.ts'
import { checkTorch, torchFiles } from './torch.fixture.ts'

const folder = join(import.meta.dirname, 'fixtures')

/** Files that may be compiled and that ours leaves to a worker: one name to a line. */
export const NOT_COMPILED = join(import.meta.dirname, 'not-compiled.txt')

/** One model file of the repository: its name, what is expected of it, and how it is checked. */
export interface Fixture {
  /** `1.5.2/knn_clf`, `torch/mlp_bn/model.pt2`, `evil/…`, `demo/…` */
  readonly name: string
  readonly expect: string
  readonly maxSeconds: number
  check(): Promise<Verdict>
}

/** Every model file of the repository, by its group: a version of scikit-learn, `torch`, `evil`, `demo`. */
export function everyFixture(): ReadonlyMap<string, readonly Fixture[]> {
  const groups = new Map<string, readonly Fixture[]>()
  for (const group of readdirSync(folder).toSorted()) {
    if (group === 'torch') groups.set(group, torchFixtures())
    else if (!group.includes('.json'))
      groups.set(
        group,
        readdirSync(join(folder, group))
          .toSorted()
          .map((name) => caseFixture(group, name)),
      )
  }
  groups.set(
    'demo',
    [...readDemos(join(import.meta.dirname, 'demo'))].map(([file, read]) => ({
      name: `demo/${file}`,
      expect: read.about.expect,
      maxSeconds: 10,
      check: () => checkCase(read),
    })),
  )
  return groups
}

/** Names of the files that are known not to be compiled. */
export function notCompiled(): readonly string[] {
  return readFileSync(NOT_COMPILED, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
}

function caseFixture(group: string, name: string): Fixture {
  const read = readCase(join(folder, group, name))
  const { expect, max_seconds: maxSeconds = 10 } = read.about
  return { name: `${group}/${name}`, expect, maxSeconds, check: () => checkCase(read) }
}

function torchFixtures(): Fixture[] {
  return readdirSync(join(folder, 'torch')).flatMap((name) =>
    [...torchFiles(join(folder, 'torch', name))].map(([file, expect]) => ({
      name: `torch/${name}/${file}`,
      expect,
      maxSeconds: 10,
      check: () => checkTorch(join(folder, 'torch', name), file),
    })),
  )
}
