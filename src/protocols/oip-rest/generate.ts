import { decodeGenerate, encodeGenerated } from '../../codecs/v2-generate.ts'
import { versionName, type Call, type DataPlane } from '../../runtime/plane.ts'
import type { PathParameters, WireRequest, WireResponse } from '../protocol.ts'

/** Asks a model that takes text for one row. @see Triton's "Generate Extension" */
export async function generate(
  request: WireRequest,
  plane: DataPlane,
  call: Call,
  parameters: PathParameters,
): Promise<WireResponse> {
  const text = await answerText(request, plane, call, parameters)
  return { status: 200, headers: { 'content-type': 'application/json' }, body: text }
}

/** The same as a stream of events, which for models that answer at once is one. @see WHATWG HTML, "Server-sent events" */
export async function generateStream(
  request: WireRequest,
  plane: DataPlane,
  call: Call,
  parameters: PathParameters,
): Promise<WireResponse> {
  const text = await answerText(request, plane, call, parameters)
  const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' }
  return { status: 200, headers, body: `data: ${text}\n\n` }
}

async function answerText(
  request: WireRequest,
  plane: DataPlane,
  call: Call,
  parameters: PathParameters,
): Promise<string> {
  const model = plane.model(parameters.model, parameters.version)
  call.model = model
  const { id, inputs } = decodeGenerate(request.body, model.signature)
  const prediction = await plane.predict(model, inputs, { call })
  return encodeGenerated({ modelName: model.name, modelVersion: versionName(prediction.model), id }, prediction.outputs)
}
