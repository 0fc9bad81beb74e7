import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { pathProblem } from './archives/entry-names.ts'

/** Code in TypeScript around a model, at the top of its folder. */
export const CODE_AROUND = /^predict\.m?[jt]s$/

/** Members of an MLmodel's flavours that name the file of the model itself. */
const MODEL_MEMBER: Readonly<Record<string, readonly string[]>> = {
  sklearn: ['pickled_model'],
  xgboost: ['data'],
  lightgbm: ['data'],
  onnx: ['data'],
}

/** Names of the flavours that an `MLmodel` has. */
export function flavoursOfMlflow(text: string): readonly string[] {
  const section = /^flavors:[ \t]*\r?\n((?:[ \t].*(?:\r?\n|$)|\r?\n)*)/m.exec(text.slice(0, 2 ** 20))?.[1] ?? ''
  return [...section.matchAll(/^ {2}(\w{1,100}):/gm)].map(([, name = '']) => name).slice(0, 20)
}

/**
 * The model's file as an `MLmodel` names it, for flavours that are compiled. MLflow writes the file itself, always in the
 * same lines: flavours two spaces in, their members four.
 * @throws {ServingError} `refused` for a name that leads out of the folder
 * @see MLflow, "MLmodel file format"
 */
export function modelOfMlflow(text: string): string | undefined {
  let flavour: string | undefined
  for (const line of text.slice(0, 2 ** 20).split(/\r?\n/)) {
    const head = /^ {2}(\w+):\s*$/.exec(line)?.[1]
    if (head !== undefined) flavour = head
    else if (/^\S/.test(line)) flavour = undefined
    const [, member, value] = /^ {4}(\w+):\s*['"]?([^'"]+?)['"]?\s*$/.exec(line) ?? []
    if (flavour === undefined || member === undefined || value === undefined) continue
    if (MODEL_MEMBER[flavour]?.includes(member) !== true) continue
    const problem = pathProblem(value)
    if (problem === undefined) return value
    throw new ServingError(
      'refused',
      `the MLmodel names ${quote(value)} as its model, ${problem}; a file of the model's own folder is allowed`,
    )
  }
  return undefined
}
