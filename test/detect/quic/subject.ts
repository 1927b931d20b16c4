import type { QuicSubject } from "../../../src/detect/quic/subject.js";
import type { QuicFacts } from "../../../src/report/model.js";
import { spread } from "../quic-facts.js";

export const subject = (facts: QuicFacts): QuicSubject => ({ run: "h3", facts, latency: spread(200, () => 41) });
