"""Names: the stored tables that figures are drawn from. Imports nothing, so that assets can be
defined without loading what draws them."""

# stored tables that figures show, besides those of estimates
NEEDED = (
    *("influence", "dictionary_permutation", "dictionary_permutation_draws", "measurement_audit"),
    *("policy_attention", "panel", "dti_iv", "dti", "weak_instrument_inference"),
    *("stage_residuals", "anderson_rubin_curve", "leave_one_province_out", "specification_curve"),
    "robustness",
)
