"""What a full report would hold and this one doesn't yet. The words, and the reasons, are in the texts.

A part that is empty because nobody measures it must never look like a part that was measured and came to nothing.
"""

from __future__ import annotations

from include.retention.report.parts import Gap

GAPS = (
    Gap(2, "COPIES"),
    Gap(3, "RECORD_OF_PROCESSING"),
    Gap(4, "RESTRICTED_ACCESS"),
    Gap(6, "OBJECTION_LAG"),
    Gap(6, "CAMPAIGNS_STOPPED"),
    Gap(7, "RESTRICTED_COUNT"),
    Gap(8, "SAMPLE"),
    Gap(9, "ANONYMITY_TEST"),
    Gap(10, "BACKUPS"),
    Gap(11, "RECIPIENT_NOTICES"),
    Gap(12, "ACCESS_LOG"),
    Gap(14, "BREACH_ASSESSMENT"),
)
