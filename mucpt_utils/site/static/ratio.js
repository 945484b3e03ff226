"use strict";
// The loss ratio and the weights made of it: the same numbers as mucpt_utils.scoring.loss_ratio.
Object.assign(MuCPT, {
  /** rho of each token, or the excess loss. criterion: settings by their names in the code. */
  lossRatio(numerator, denominators, criterion) {
    return numerator.map((loss, place) => {
      let [above, below] = [loss, denominators[place]];
      if (criterion.direction === "inverse") [above, below] = [below, above];
      if (criterion.compare === "difference") return above - below;
      return (above + criterion.floor) / (below + criterion.floor);
    });
  },

  /** f(rho), cut to between low and high. */
  shape(ratio, criterion) {
    if (criterion.form === "step") return this.topShare(ratio, criterion.keep);
    const difference = criterion.compare === "difference";
    return ratio.map(value => {
      const made = criterion.form === "power"
        ? (difference ? Math.exp(value) : value) ** criterion.power
        : (difference ? value : Math.log(value)) / Math.log(criterion.scale);
      return Math.min(criterion.high, Math.max(criterion.low, made));
    });
  },

  /** 1 for the share of tokens with the largest ratio, 0 for the others; of equal ones the earlier. */
  topShare(ratio, keep) {
    const count = Math.ceil(Number((keep * ratio.length).toFixed(6)));
    const order = ratio.map((_, place) => place).sort((a, b) => ratio[b] - ratio[a] || a - b);
    const chosen = new Set(order.slice(0, count));
    return ratio.map((_, place) => (chosen.has(place) ? 1 : 0));
  },

  /** Scaled to mean 1; weights that are all zero become 1. */
  normalise(weights) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return total === 0 ? weights.map(() => 1) : weights.map(weight => (weight * weights.length) / total);
  },

  /** The weights of tokens, of mean 1. */
  tokenWeights(numerator, reference, criterion) {
    const weights = this.normalise(this.shape(this.lossRatio(numerator, reference, criterion), criterion));
    return weights.map(weight => criterion.mix * weight + (1 - criterion.mix));
  },
});
