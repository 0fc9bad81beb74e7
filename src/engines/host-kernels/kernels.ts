import { cast } from './cast.ts'
import { arrayFeatureExtractor, binarizer, imputer, normalizer, scaler } from './classical.ts'
import { constant } from './constant.ts'
import * as elementwise from './elementwise.ts'
import type { Kernel } from './kernel.ts'
import { gemm, linearClassifier, linearRegressor, matMul } from './linear.ts'
import * as layout from './layout.ts'
import * as reduce from './reduce.ts'
import * as shape from './shape.ts'
import { topK } from './top-k.ts'
import { treeEnsemble, treeEnsembleClassifier, treeEnsembleRegressor } from './trees.ts'

/** The kernels of ONNX's own operators, operator sets 9 to 23. */
const STANDARD: ReadonlyMap<string, Kernel> = new Map([
  ['Abs', elementwise.absolute],
  ['Add', elementwise.add],
  ['And', elementwise.and],
  ['ArgMax', reduce.argMax],
  ['ArgMin', reduce.argMin],
  ['Cast', cast],
  ['Ceil', elementwise.ceil],
  ['Clip', elementwise.clip],
  ['Concat', shape.concat],
  ['Constant', constant],
  ['Cos', elementwise.cosine],
  ['Div', elementwise.divide],
  ['Equal', elementwise.equal],
  ['Exp', elementwise.exp],
  ['Expand', layout.expand],
  ['Flatten', shape.flatten],
  ['Floor', elementwise.floor],
  ['Gather', shape.gather],
  ['Gemm', gemm],
  ['Greater', elementwise.greater],
  ['GreaterOrEqual', elementwise.greaterOrEqual],
  ['Identity', shape.identity],
  ['IsNaN', elementwise.isNan],
  ['Less', elementwise.less],
  ['LessOrEqual', elementwise.lessOrEqual],
  ['Log', elementwise.log],
  ['LogSoftmax', reduce.logSoftmax],
  ['MatMul', matMul],
  ['Max', elementwise.max],
  ['Min', elementwise.min],
  ['Mul', elementwise.multiply],
  ['Neg', elementwise.negate],
  ['Not', elementwise.not],
  ['Or', elementwise.or],
  ['Pow', elementwise.power],
  ['Reciprocal', elementwise.reciprocal],
  ['ReduceMax', reduce.reduceMax],
  ['ReduceMean', reduce.reduceMean],
  ['ReduceMin', reduce.reduceMin],
  ['ReduceSum', reduce.reduceSum],
  ['Relu', elementwise.relu],
  ['Reshape', shape.reshape],
  ['Round', elementwise.round],
  ['Shape', layout.shapeOf],
  ['Sigmoid', elementwise.logistic],
  ['Sign', elementwise.sign],
  ['Sin', elementwise.sine],
  ['Slice', shape.slice],
  ['Softmax', reduce.softmax],
  ['Softplus', elementwise.softplus],
  ['Sqrt', elementwise.sqrt],
  ['Squeeze', shape.squeeze],
  ['Sub', elementwise.subtract],
  ['Tanh', elementwise.tanh],
  ['TopK', topK],
  ['Transpose', layout.transpose],
  ['Unsqueeze', shape.unsqueeze],
  ['Where', elementwise.where],
])

/** The kernels of the classical operators, operator sets 1 to 5. */
const CLASSICAL: ReadonlyMap<string, Kernel> = new Map([
  ['ArrayFeatureExtractor', arrayFeatureExtractor],
  ['Binarizer', binarizer],
  ['Imputer', imputer],
  ['LinearClassifier', linearClassifier],
  ['LinearRegressor', linearRegressor],
  ['Normalizer', normalizer],
  ['Scaler', scaler],
  ['TreeEnsemble', treeEnsemble],
  ['TreeEnsembleClassifier', treeEnsembleClassifier],
  ['TreeEnsembleRegressor', treeEnsembleRegressor],
])

/** The kernels of each domain and the versions of its operator set that they know, both ends included. */
export const DOMAINS: ReadonlyMap<
  string,
  { readonly kernels: ReadonlyMap<string, Kernel>; readonly oldest: number; readonly newest: number }
> = new Map([
  ['', { kernels: STANDARD, oldest: 9, newest: 23 }],
  ['ai.onnx.ml', { kernels: CLASSICAL, oldest: 1, newest: 5 }],
])
