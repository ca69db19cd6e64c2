"""The colours of all figures, which colour-blind readers can tell apart."""

SIGNED, UNSIGNED = "PuOr", "viridis"  # colour maps: of signed values, zero white; of values that are never negative
FOR, AGAINST = "#542788", "#b35806"  # the ends of PuOr
LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # Okabe & Ito
