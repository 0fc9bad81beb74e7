import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { OnnxNode } from './model.ts'

/**
 * Domains whose operators are taken as they are: all that ONNX defines in them compute from their inputs alone, and
 * reach neither files nor the network.
 */
const PLAIN_DOMAINS: ReadonlySet<string> = new Set(['', 'ai.onnx.ml'])

/** Domains that belong to ONNX or its runtimes, where a model may define no functions of its own. */
export function isReservedDomain(domain: string): boolean {
  return /^(?:$|ai\.onnx|com\.microsoft|com\.ms\.|trt\.|org\.pytorch\.)/.test(domain)
}

/**
 * The operators of `com.microsoft` that are taken: those that onnxruntime computes on a CPU from their inputs alone.
 * An allow-list, because others of that domain load libraries and compiled engines named by their attributes (EPContext,
 * Snpe), call back into Python, or talk to other machines.
 * @see onnxruntime 1.32, kernels registered by the CPU execution provider
 */
const MICROSOFT_OPERATORS: ReadonlySet<string> = new Set(
  `Attention AttnLSTM BeamSearch BiasGelu BifurcationDetector BranchwiseRMSNorm CDist CausalConvWithState
  ConvTransposeWithDynamicPads CropAndResize DecoderMaskedMultiHeadAttention DequantizeLinear DynamicQuantizeLSTM
  DynamicQuantizeMatMul DynamicTimeWarping EmbedLayerNormalization EngramGate ExpandDims FastGelu FusedConv FusedGemm
  FusedMatMul GatedAdd GatedDeltaNet GatedRMSNorm GatherBlockQuantized GatherND GatherPacked Gelu GreedySearch
  GridSample GroupQueryAttention HyperConnectionPostMix HyperConnectionPreMix Inverse LinearAttention
  LinearAttentionGate MRotaryEmbedding MatMulBnb4 MatMulFpQ4 MatMulInteger16 MatMulIntegerToFloat MatMulNBits
  MaxpoolWithMask MoE MoEGroupRouter MultiHeadAttention MurmurHash3 NGramHashMapping NGramRepeatBlock NhwcMaxPool Pad
  QAttention QEmbedLayerNormalization QGemm QLinearAdd QLinearAveragePool QLinearConcat QLinearConv
  QLinearGlobalAveragePool QLinearLeakyRelu QLinearMul QLinearSigmoid QLinearSoftmax QLinearWhere QMoE QuantizeLinear
  QuickGelu Range RotaryEmbedding SampleOp Sampling ScaledSiLU SkipLayerNormalization
  SkipSimplifiedLayerNormalization SparseAttention SparseToDenseMatMul Tokenizer TransposeMatMul Trilu UnfoldTensor
  Unique VarlenCausalConvWithState VarlenNGramHashMapping WhisperBeamSearch WordConvEmbedding`.split(/\s+/),
)

/**
 * Checks that a node's operator may run here. Calls of the model's own functions are not asked about.
 * @param where the node, for errors
 * @throws {ServingError} `unsupported` for operators of other domains, and those of `com.microsoft` not known to be plain
 */
export function checkOperator(node: OnnxNode, where: () => string): void {
  if (PLAIN_DOMAINS.has(node.domain)) return
  const operator = `${where()} uses the operator ${quote(node.opType)} of the domain ${quote(node.domain)}`
  if (node.domain.startsWith('ai.onnx') && node.domain.includes('training'))
    throw unsupported(`${operator}, which trains; export the model for inference`)
  if (node.domain !== 'com.microsoft')
    throw unsupported(
      `${operator}; operators of ONNX, ai.onnx.ml and com.microsoft and the model's own functions are allowed`,
    )
  if (!MICROSOFT_OPERATORS.has(node.opType))
    throw unsupported(`${operator}, which is not among those that run without reaching outside the model`)
}

function unsupported(message: string): ServingError {
  return new ServingError('unsupported', message)
}
