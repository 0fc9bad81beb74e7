import type { Context, Opened, Openers } from './contract.ts'
import type { Fitted } from './fitted.ts'

/** An estimator that only hands on to one inside it. @param names where that may stand, the first that is there */
function delegate(...names: readonly string[]) {
  return (fitted: Fitted, { open }: Context): Opened => {
    ignoreSearching(fitted)
    const name = names.find((each) => fitted.has(each))
    if (name === undefined)
      throw fitted.unsupported(
        `it has no ${JSON.stringify(names[0])}: it was not fitted, or with refit=False; fit it with refit=True`,
      )
    const { kneighbors: _neighbors, ...inner } = open(fitted.value(name), name.replace(/_$/, ''), fitted)
    return { ...inner, title: fitted.title, input: fitted.input() ?? inner.input }
  }
}

function ignoreSearching(fitted: Fitted): void {
  fitted.ignore('estimator', 'param_grid', 'param_distributions', 'n_iter', 'scoring', 'cv', 'refit', 'error_score')
  fitted.ignore('return_train_score', 'pre_dispatch', 'factor', 'resource', 'min_resources', 'max_resources')
  fitted.ignore('aggressive_elimination', 'n_candidates', 'base_estimator', 'threshold', 'criterion', 'k_best', 'iid')
}

/** `SelfTrainingClassifier`: the classifier that it has trained in the end. */
const selfTraining = delegate('estimator_', 'base_estimator_')

/** `FrozenEstimator`: all that is in it. */
function frozen(fitted: Fitted, { open }: Context): Opened {
  const inner = open(fitted.value('estimator'), 'estimator', fitted)
  return { ...inner, title: fitted.title }
}

const search = delegate('best_estimator_')

export const SEARCHES: Openers = {
  'sklearn.GridSearchCV': search,
  'sklearn.RandomizedSearchCV': search,
  'sklearn.HalvingGridSearchCV': search,
  'sklearn.HalvingRandomSearchCV': search,
  'sklearn.SelfTrainingClassifier': selfTraining,
  'sklearn.FrozenEstimator': frozen,
}
