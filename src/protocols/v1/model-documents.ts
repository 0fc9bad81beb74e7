import { versionNumber, type ServedModel } from '../../runtime/plane.ts'
import type { Datatype } from '../../tensor/datatype.ts'
import { selectOutputs, type Signature, type TensorSpec } from '../../tensor/signature.ts'
import { SIGNATURE_NAME } from './names.ts'

/**
 * A model that answers: one document for clients of both, KServe's name and readiness, TensorFlow Serving's versions.
 * @see TensorFlow Serving, `GetModelStatusResponse`; KServe, "V1 Inference Protocol", "Get Model"
 */
export function modelStatus(name: string, versions: readonly ServedModel[]): object {
  return {
    name,
    ready: true,
    model_version_status: versions.map((model) => ({
      version: versionNumber(model),
      state: model.state === 'ready' ? 'AVAILABLE' : 'UNLOADING',
      status: { error_code: 'OK', error_message: '' },
    })),
  }
}

/**
 * What a model takes and gives, as a SavedModel's signatures: one for what it gives unasked, and, where that is not all,
 * one for each output. Inputs that are never read are left out.
 * @see TensorFlow Serving, `GetModelMetadataResponse`, as its REST API prints it: 64-bit integers are texts
 */
export function modelMetadata(model: ServedModel): object {
  const { outputs, defaultOutputs } = model.signature
  const inputs = model.signature.inputs.filter(({ isUnused }) => isUnused !== true)
  return {
    model_spec: { name: model.name, signature_name: '', version: versionNumber(model) },
    metadata: {
      signature_def: {
        signature_def: {
          [SIGNATURE_NAME]: signatureDef(inputs, outputsOf(model.signature)),
          // what the default one leaves out is had by naming it
          ...(defaultOutputs === undefined
            ? {}
            : Object.fromEntries(outputs.map((spec) => [spec.name, signatureDef(inputs, [spec])]))),
        },
      },
    },
  }
}

function outputsOf(signature: Signature): readonly TensorSpec[] {
  const names = selectOutputs(undefined, signature)
  return signature.outputs.filter(({ name }) => names.includes(name))
}

function signatureDef(inputs: readonly TensorSpec[], outputs: readonly TensorSpec[]): object {
  return {
    inputs: tensorInfos(inputs),
    outputs: tensorInfos(outputs),
    method_name: 'tensorflow/serving/predict',
  }
}

/** By name; an input called `__proto__` is a name too. */
function tensorInfos(specs: readonly TensorSpec[]): object {
  return Object.fromEntries(
    specs.map(({ name, datatype, shape }) => [
      name,
      {
        dtype: DTYPE[datatype],
        tensor_shape: { dim: shape.map((size) => ({ size: String(size), name: '' })), unknown_rank: false },
        name: `${name}:0`,
      },
    ]),
  )
}

/** @see TensorFlow, `DataType` */
const DTYPE: Record<Datatype, string> = {
  BOOL: 'DT_BOOL',
  UINT8: 'DT_UINT8',
  UINT16: 'DT_UINT16',
  UINT32: 'DT_UINT32',
  UINT64: 'DT_UINT64',
  INT8: 'DT_INT8',
  INT16: 'DT_INT16',
  INT32: 'DT_INT32',
  INT64: 'DT_INT64',
  FP16: 'DT_HALF',
  FP32: 'DT_FLOAT',
  FP64: 'DT_DOUBLE',
  BF16: 'DT_BFLOAT16',
  BYTES: 'DT_STRING',
}
