import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { decodeCsv } from '../codecs/csv.ts'
import { decodeJsonLines } from '../codecs/json-lines.ts'
import { planRows } from '../codecs/row-layout.ts'
import { decodeV2Request, encodeV2Response, type V2Request } from '../codecs/v2-json.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { versionName } from '../runtime/plane.ts'
import { openPlane } from '../server/open-plane.ts'
import { isHalf, widenHalves } from '../tensor/half.ts'
import type { Signature } from '../tensor/signature.ts'
import type { Tensor, Tensors } from '../tensor/tensor.ts'
import { EXIT, type Command } from './command.ts'
import { DATA_OPTION, JSON_OPTION } from './common-options.ts'
import { UsageError } from './options.ts'

const options = {
  in: {
    type: 'string',
    value: 'FILE',
    doc: "rows in .csv or .jsonl, or a V2 request in JSON (- for standard input); the model's own example when absent",
  },
  ...DATA_OPTION,
  ...JSON_OPTION,
} as const

export const predictCommand: Command<typeof options> = {
  usage: '<model> [--in <rows>]',
  options,
  async run(positionals, options, context) {
    const [path, ...more] = positionals
    if (path === undefined || more.length > 0) throw new UsageError('name one model file or bundle')
    const opened = await openPlane(path, { dataFolder: options.data, signal: context.signal })
    try {
      const { plane } = opened
      const model = plane.model()
      const request = options.in === undefined ? undefined : await readRequest(options.in, model.signature)
      const { outputs } = await plane.predict(model, request?.inputs ?? model.example, {
        outputs: request?.outputs ?? [],
      })
      const head = { modelName: model.name, modelVersion: versionName(model), id: request?.id }
      context.stdout.write(`${encodeV2Response(head, widened(outputs))}\n`)
    } finally {
      await opened.close()
    }
    return EXIT.done
  },
}

/** Half floats, which have no JSON form, as FP32. */
function widened(outputs: Tensors): Tensors {
  return new Map(
    [...outputs].map(([name, value]): [string, Tensor] => {
      if (!isHalf(value.datatype)) return [name, value]
      const data = widenHalves(value.datatype, value.data as Uint16Array)
      return [name, { datatype: 'FP32', shape: value.shape, data }]
    }),
  )
}

/** What is asked, in the form that the file's name says. */
async function readRequest(path: string, signature: Signature): Promise<Partial<V2Request>> {
  const body = await readInput(path)
  if (/\.csv$/i.test(path)) return { inputs: decodeCsv(body, planRows(signature)).inputs }
  if (/\.(jsonl|ndjson|jsonlines)$/i.test(path)) return { inputs: decodeJsonLines(body, planRows(signature)).inputs }
  return decodeV2Request(body)
}

async function readInput(path: string): Promise<Uint8Array> {
  try {
    return path === '-' ? readFileSync(0) : await readFile(path)
  } catch (error) {
    throw new ServingError('not_found', `${quote(path)} cannot be read`, { cause: error })
  }
}
