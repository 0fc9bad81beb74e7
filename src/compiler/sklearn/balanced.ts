import { adaBoostClassifier } from './adaboost.ts'
import { baggingClassifier } from './bagging.ts'
import type { Context, Opened, Opener, Openers } from './contract.ts'
import type { Fitted } from './fitted.ts'
import { forestClassifier } from './forests.ts'

/**
 * Ensembles of imbalanced-learn, each estimator of which was trained on a sample: what samples is done with its work, and
 * what is left answers as the scikit-learn class that each is made of.
 * @see imbalanced-learn, `imblearn.ensemble`: no class there has a `predict_proba` of its own
 */
function balanced(of: Opener): Opener {
  return (fitted: Fitted, context: Context): Opened => {
    if (fitted.version === undefined && !context.allowUntested)
      throw fitted.unsupported('nothing in it says which scikit-learn it was made with')
    fitted.ignore('sampling_strategy', 'replacement', 'sampler')
    return of(fitted, context)
  }
}

export const BALANCED: Openers = {
  'imblearn.BalancedRandomForestClassifier': balanced(forestClassifier('DecisionTree')),
  'imblearn.BalancedBaggingClassifier': balanced(baggingClassifier),
  'imblearn.EasyEnsembleClassifier': balanced(baggingClassifier),
  'imblearn.RUSBoostClassifier': balanced(adaBoostClassifier),
}
