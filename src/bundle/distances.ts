/**
 * Distances between rows, as a program's steps name them: what compiles a search writes these names, and what runs it knows them.
 * @see scikit-learn, `DistanceMetric`
 */
export const DISTANCES = [
  'euclidean',
  'sqeuclidean',
  'manhattan',
  'chebyshev',
  'minkowski',
  'seuclidean',
  'mahalanobis',
  'hamming',
  'canberra',
  'braycurtis',
  'haversine',
  'cosine',
  'correlation',
  'nan_euclidean',
  'precomputed',
  'jaccard',
  'dice',
  'kulsinski',
  'rogerstanimoto',
  'russellrao',
  'sokalmichener',
  'sokalsneath',
  'matching',
  'yule',
] as const
