/** Default names of a classifier's classes. */

/** The 14 findings that CheXpert and MIMIC-CXR label, in the order of their tables. */
export const chexpertClasses: readonly string[] = [
  "No Finding",
  "Enlarged Cardiomediastinum",
  "Cardiomegaly",
  "Lung Opacity",
  "Lung Lesion",
  "Edema",
  "Consolidation",
  "Pneumonia",
  "Atelectasis",
  "Pneumothorax",
  "Pleural Effusion",
  "Pleural Other",
  "Fracture",
  "Support Devices",
];

/** The names for `count` classes: CheXpert's findings for 14, otherwise "class 1", "class 2" … */
export function defaultClassNames(count: number): string[] {
  if (count === chexpertClasses.length) return [...chexpertClasses];
  return Array.from({ length: count }, (_, index) => `class ${index + 1}`);
}
