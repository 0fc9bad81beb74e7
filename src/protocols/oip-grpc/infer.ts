import { checkClassifications, classify } from '../../codecs/classification.ts'
import { encodeMessage } from '../../codecs/protobuf/messages.ts'
import {
  decodeModelInferRequest,
  encodeModelInferResponse,
  idOfRefused,
  type AnswerForm,
  type DecodedInfer,
} from '../../codecs/protobuf/model-infer.ts'
import { ServingError } from '../../core/errors.ts'
import { versionName, type Call, type DataPlane } from '../../runtime/plane.ts'
import { HTTP_STATUS } from '../../core/http-status.ts'
import type { WireRequest, WireResponse } from '../protocol.ts'
import { INFERENCE, methodAt } from './rpc.ts'
import { grpcAnswer } from './status.ts'
import { parseGrpcTimeout } from './timeout.ts'

/** Runs a model. @see Open Inference Protocol v2, gRPC, "Inference" */
export function modelInfer(request: WireRequest, plane: DataPlane, call: Call): Promise<WireResponse> {
  return run(decodeModelInferRequest(request.body), request, plane, call, NO_STREAM)
}

const NO_STREAM: AnswerForm = {}

/**
 * Runs a model for one message of a stream. What is wrong with that message is said in its answer, and the stream goes on.
 * @param onFailure told of failures that are ours
 * @see Triton's `ModelStreamInfer`
 */
export async function modelStreamInfer(
  request: WireRequest,
  plane: DataPlane,
  call: Call,
  onFailure: ((error: ServingError, request: WireRequest) => void) | undefined,
): Promise<WireResponse> {
  try {
    const decoded = decodeModelInferRequest(request.body)
    const form = { isStreamed: true, isFinal: decoded.isFinalMarked }
    return await run(decoded, request, plane, call, form)
  } catch (thrown) {
    const error = ServingError.from(thrown)
    if (error.code === 'internal') onFailure?.(error, request)
    const document = { error_message: error.message, infer_response: { id: idOfRefused(request.body) } }
    // the stream goes on, and who counts is told all the same
    return { ...grpcAnswer(encodeMessage(STREAMED, document)), status: HTTP_STATUS[error.code] }
  }
}

const STREAMED = methodAt(`${INFERENCE}/ModelStreamInfer`).output

async function run(
  { modelName, modelVersion, request: wanted, isRaw }: DecodedInfer,
  { headers }: WireRequest,
  plane: DataPlane,
  call: Call,
  form: AnswerForm,
): Promise<WireResponse> {
  const model = plane.model(modelName === '' ? undefined : modelName, modelVersion === '' ? undefined : modelVersion)
  call.model = model
  const { signature } = model
  if (wanted.forms !== undefined) checkClassifications(wanted, signature)
  const { timeoutUs, priority } = wanted
  const deadlineMs = parseGrpcTimeout(headers['grpc-timeout'])
  const timeoutMs = timeoutUs === undefined ? deadlineMs : Math.min(timeoutUs / 1000, deadlineMs ?? Infinity)
  const prediction = await plane.predict(model, wanted.inputs, {
    outputs: wanted.outputs,
    call,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(priority === undefined ? {} : { priority }),
  })
  const outputs = classify(prediction.outputs, wanted, signature)
  const head = { modelName: model.name, modelVersion: versionName(prediction.model), id: wanted.id }
  return grpcAnswer(encodeModelInferResponse(head, outputs, isRaw, form))
}
