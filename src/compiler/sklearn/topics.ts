import { jsonNumber, packNumbers, type Value } from '../program/builder.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { componentNames } from './cross-decomposition.ts'
import { checked, MatrixFeatures, type Features } from './features.ts'
import type { Fitted } from './fitted.ts'

/** `LatentDirichletAllocation`: each row by itself, so that it is the same in any batch. @see scikit-learn, `transform` */
function latentDirichletAllocation(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_components', 'doc_topic_prior', 'topic_word_prior', 'learning_method', 'learning_decay')
  fitted.ignore('learning_offset', 'batch_size', 'evaluate_every', 'total_samples', 'perp_tol')
  const width = fitted.width()
  const { data, shape } = fitted.numbers('exp_dirichlet_component_', 2)
  const [topics = 0, words = 0] = shape
  if (words !== width || topics === 0) throw fitted.damaged(`its topics are [${shape.join(', ')}], of ${width} words`)
  if (fitted.array('exp_dirichlet_component_').dtype.itemSize !== 8)
    throw fitted.unsupported('it was fitted in float32, where the steps to a result end elsewhere; fit it on float64')
  const parameters = {
    topics,
    width,
    words: packNumbers(data),
    prior: jsonNumber(fitted.number('doc_topic_prior_')),
    steps: fitted.int('max_doc_update_iter'),
    tolerance: jsonNumber(fitted.number('mean_change_tol')),
  }
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x: Features) => {
      const rows = checked(ops, x)
      const { sparse } = rows
      const inputs = sparse === undefined ? [rows.matrix()] : [sparse.indices, sparse.values]
      const output = { datatype: 'FP64' as const, shape: [-1, topics] }
      const made = ops.b.kernel('document-topics', parameters, inputs, [output])[0] as Value
      return new MatrixFeatures(ops, made, x.names && componentNames(fitted.title, topics))
    },
  }
}

export const TOPICS: Openers = { 'sklearn.LatentDirichletAllocation': latentDirichletAllocation }
