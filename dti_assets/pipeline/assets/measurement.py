"""Group estimates: what human coders say about the counts, and what that does to the estimates."""

from typing import Any

import dagster as dg

from dti_assets.audit.tables import MEASUREMENT_AUDIT
from dti_assets.pipeline.assets.estimates import GROUP
from dti_assets.pipeline.metadata import describe
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.stored_asset import stored_asset


@stored_asset(
    MEASUREMENT_AUDIT,
    group_name=GROUP,
    # stored without a frame: read where there are labelled patents
    deps=["digital_patents"],
)
def measurement_audit(
    workspace: dg.ResourceParam[Workspace],
    panel: Any,
    frozen_instrument: Any,
    keyword_counts: Any,
    dti_iv: Any,
    dti: Any,
    patent_counts: Any,
) -> dg.MaterializeResult[Any]:
    """Agreement of the coders, precision and recall, counts corrected by them, and Table 3 before
    and after; one row with the reason where no sample is labelled."""
    from dti_assets.audit.summary import audit_sentence
    from dti_assets.pipeline.auditing import measurement_audit, not_read

    stored = {
        "panel": panel,
        "frozen_instrument": frozen_instrument,
        "keyword_counts": keyword_counts,
        "dti_iv": dti_iv,
        "dti": dti,
        "patent_counts": patent_counts,
    }
    frame = measurement_audit(workspace, stored)
    ignored = not_read(workspace.study)
    sentence = audit_sentence(frame) + (f"; {ignored}" if ignored else "")
    workspace.progress.summary(MEASUREMENT_AUDIT.name, sentence)
    return dg.MaterializeResult(
        value=frame, metadata=describe(MEASUREMENT_AUDIT, frame, result=sentence)
    )


ASSETS = [measurement_audit]
