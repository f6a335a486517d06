// The report of a mistake, at the step in which it comes.
import type { State } from '../model/state.ts';
import { h, tag } from './dom.ts';

export class Report {
  readonly root = h('div', { class: 'report', hidden: true });

  show(state: State, step: number): void {
    const finding = state.findings.find((one) => one.step === step);
    this.root.hidden = finding == null;
    if (!finding) return this.root.replaceChildren();
    const [first = '', ...rest] = finding.text.trimEnd().split('\n');
    const details = rest
      .map((line) => line.trim())
      .filter((line) => !line.startsWith('rule: '));
    this.root.replaceChildren(
      tag('p', tag('span.badge', finding.by), ' ', first),
      ...(details.length > 0
        ? [tag('ul', ...details.map((line) => tag('li', line)))]
        : []),
      ...(finding.rule
        ? [tag('p.rule', tag('b', 'Rule: '), finding.rule)]
        : []),
    );
  }
}
