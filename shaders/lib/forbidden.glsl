// What mask_logits.comp puts in place of a logit that may not be chosen: finite, so that differences stay numbers, and told apart from
// every other by the sampler.
const float Forbidden = -3.0e38;
