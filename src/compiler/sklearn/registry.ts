import type { Opener, Openers } from './contract.ts'
import { ISOLATION_FORESTS } from './isolation-forest.ts'
import { BAGGING } from './bagging.ts'
import { BALANCED } from './balanced.ts'
import { LIGHTGBM } from '../boosters/lightgbm.ts'
import { XGBOOST } from '../boosters/xgboost.ts'
import { ADABOOST } from './adaboost.ts'
import { SELECTIONS } from './selection.ts'
import { DECOMPOSITIONS } from './decompositions.ts'
import { DISCRIMINANTS } from './discriminant.ts'
import { KERNEL_APPROXIMATIONS } from './kernel-approximation.ts'
import { CROSS_DECOMPOSITIONS } from './cross-decomposition.ts'
import { ISOTONIC } from './isotonic.ts'
import { DUMMIES } from './dummies.ts'
import { BINS } from './bins.ts'
import { COLUMN_TRANSFORMERS } from './column-transformer.ts'
import { DISTRIBUTIONS } from './distributions.ts'
import { ENCODERS } from './encoders.ts'
import { FUNCTIONS } from './functions.ts'
import { IMPUTERS } from './imputers.ts'
import { POLYNOMIALS } from './polynomial.ts'
import { SPLINES } from './splines.ts'
import { FORESTS } from './forests.ts'
import { GRADIENT_BOOSTING } from './gradient-boosting.ts'
import { HIST_GRADIENT_BOOSTING } from './hist-gradient-boosting.ts'
import { LINEAR } from './linear.ts'
import { NEIGHBORS } from './neighbors.ts'
import { PIPELINES } from './pipeline.ts'
import { SCALERS } from './scalers.ts'
import { RECORDS } from './records.ts'
import { SUPPORT_VECTORS } from './svm.ts'
import { CLUSTERS } from './clusters.ts'
import { MIXTURES } from './mixtures.ts'
import { NAIVE_BAYES } from './naive-bayes.ts'
import { NEURAL } from './neural.ts'
import { OUTLIERS } from './outliers.ts'
import { CALIBRATION } from './calibration.ts'
import { MULTICLASS } from './multiclass.ts'
import { MULTIOUTPUT } from './multioutput.ts'
import { SEARCHES } from './search.ts'
import { STACKING } from './stacking.ts'
import { TARGETS } from './target.ts'
import { THRESHOLDS } from './thresholds.ts'
import { VOTING } from './voting.ts'
import { DENSITIES } from './densities.ts'
import { GAUSSIAN_PROCESSES } from './gaussian-process.ts'
import { LABEL_PROPAGATION } from './label-propagation.ts'
import { NEAREST_CENTROIDS } from './nearest-centroid.ts'
import { TEXTS } from './text.ts'
import { MODELLED_IMPUTERS } from './modelled-imputers.ts'
import { TOPICS } from './topics.ts'
import { TREES } from './trees.ts'

/** Every class of estimators that is covered, by `package.ClassName`. */
export const OPENERS: ReadonlyMap<string, Opener> = new Map(
  (
    [
      PIPELINES,
      LINEAR,
      SCALERS,
      SELECTIONS,
      DECOMPOSITIONS,
      DISCRIMINANTS,
      KERNEL_APPROXIMATIONS,
      CROSS_DECOMPOSITIONS,
      ISOTONIC,
      DUMMIES,
      BINS,
      COLUMN_TRANSFORMERS,
      DISTRIBUTIONS,
      FUNCTIONS,
      IMPUTERS,
      POLYNOMIALS,
      SPLINES,
      TOPICS,
      TREES,
      FORESTS,
      GRADIENT_BOOSTING,
      HIST_GRADIENT_BOOSTING,
      ISOLATION_FORESTS,
      BAGGING,
      BALANCED,
      ADABOOST,
      XGBOOST,
      LIGHTGBM,
      ENCODERS,
      TEXTS,
      RECORDS,
      MODELLED_IMPUTERS,
      NEIGHBORS,
      NEAREST_CENTROIDS,
      LABEL_PROPAGATION,
      GAUSSIAN_PROCESSES,
      DENSITIES,
      VOTING,
      THRESHOLDS,
      TARGETS,
      STACKING,
      SEARCHES,
      MULTIOUTPUT,
      MULTICLASS,
      CALIBRATION,
      OUTLIERS,
      NEURAL,
      NAIVE_BAYES,
      MIXTURES,
      CLUSTERS,
      SUPPORT_VECTORS,
    ] satisfies Openers[]
  ).flatMap((openers) => Object.entries(openers)),
)
