import type { OpenBundle } from '../bundle/open.ts'
import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import { readOnnx, signatureValues, validateOnnx, writeOnnx } from '../onnx/index.ts'

/**
 * A bundle as its engines may see it: each graph read, validated and written anew by us, so that a native library never
 * sees bytes from outside; the program's names checked against graphs and signature.
 * @throws {ServingError} `refused`, naming the file and what is wrong
 */
export function validateBundle(bundle: OpenBundle): OpenBundle {
  const { manifest } = bundle
  const files = new Map(bundle.files)
  const values = new Set(manifest.signature.inputs.map((spec) => spec.name))
  for (const step of manifest.program.steps) {
    const bytes = bundle.files.get(step.file)
    if (bytes === undefined)
      throw new ServingError('refused', `the program names ${quote(step.file)}, which is not in the bundle`)
    const model = readOnnx(bytes)
    validateOnnx(model)
    const { inputs, outputs } = signatureValues(model)
    sameNames(
      step.file,
      'inputs',
      Object.keys(step.inputs),
      inputs.map((value) => value.name),
    )
    for (const output of Object.keys(step.outputs))
      knownName(
        step.file,
        output,
        outputs.map((value) => value.name),
      )
    for (const value of Object.values(step.inputs))
      if (!values.has(value))
        throw new ServingError(
          'refused',
          `${quote(step.file)} needs the value ${quote(value)}, which no step before it gives`,
        )
    for (const value of Object.values(step.outputs)) {
      if (values.has(value)) throw new ServingError('refused', `the program gives the value ${quote(value)} twice`)
      values.add(value)
    }
    files.set(step.file, writeOnnx(model))
  }
  for (const { name } of manifest.signature.outputs)
    if (!values.has(name)) throw new ServingError('refused', `no step of the program gives the output ${quote(name)}`)
  return { ...bundle, files }
}

function sameNames(file: string, what: string, named: readonly string[], has: readonly string[]): void {
  if (named.length === has.length && has.every((name) => named.includes(name))) return
  throw new ServingError(
    'refused',
    `${quote(file)} has the ${what} ${quoteList(has)}, its step names ${quoteList(named)}`,
  )
}

function knownName(file: string, name: string, has: readonly string[]): void {
  if (!has.includes(name))
    throw new ServingError('refused', `${quote(file)} has no output ${quote(name)}; it has ${quoteList(has)}`)
}
