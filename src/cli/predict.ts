import { encodeV2Response } from '../codecs/v2-json.ts'
import { versionName } from '../runtime/plane.ts'
import { openPlane } from '../server/open-plane.ts'
import { isHalf, widenHalves } from '../tensor/half.ts'
import type { Tensor, Tensors } from '../tensor/tensor.ts'
import { EXIT, type Command } from './command.ts'
import { MODEL_OPTIONS, howToOpen } from './common-options.ts'
import { UsageError } from './options.ts'
import { readRequest } from './read-rows.ts'

const options = {
  in: {
    type: 'string',
    value: 'FILE',
    doc: "rows in .csv or .jsonl, arrays in .npz, or a V2 request in JSON (- for standard input); the model's own example when absent",
  },
  ...MODEL_OPTIONS,
} as const

export const predictCommand: Command<typeof options> = {
  usage: '<model> [--in <rows>]',
  options,
  async run(positionals, options, context) {
    const [path, ...more] = positionals
    if (path === undefined || more.length > 0) throw new UsageError('name one model file or bundle')
    const opened = await openPlane(path, {
      ...(await howToOpen(options)),
      signal: context.signal,
    })
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
