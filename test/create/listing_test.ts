import { assert, assertEquals } from "@std/assert";
import { isForTraining, patientInPath, trainingLabel, viewOf } from "../../src/create/listing.ts";

const patients = Array.from({ length: 4000 }, (_, index) => `patient${String(index).padStart(5, "0")}`);

Deno.test("isForTraining depends on the patient's name and the seed alone", () => {
  const sides = patients.map((patient) => isForTraining(patient, 0.9, 816));
  const share = sides.filter((side) => side).length / sides.length;
  // Four standard deviations of a binomial share.
  assert(Math.abs(share - 0.9) < 4 * Math.sqrt(0.09 / patients.length), `${share}`);
  const others = patients.map((patient) => isForTraining(patient, 0.9, 817));
  assert(sides.some((side, index) => side !== others[index]));
  // A larger share moves patients to training only.
  const wider = patients.map((patient) => isForTraining(patient, 0.95, 816));
  assert(sides.every((side, index) => !side || wider[index]));
  assertEquals(patients.filter((patient) => isForTraining(patient, 0, 816)), []);
  assert(patients.every((patient) => isForTraining(patient, 1, 816)));
  // The split must stay the same in future versions.
  assertEquals(patients.slice(0, 40).flatMap((_, index) => sides[index] ? [] : [index]), [9, 39]);
});

Deno.test("trainingLabel follows the policies for uncertain and blank labels", () => {
  const listed = [1, 0, -1, NaN];
  const become = (uncertain: "zeros" | "ones" | "ignore", blank: "zeros" | "ignore") =>
    listed.map((label) => trainingLabel(label, { uncertain, blank }));
  assertEquals(become("zeros", "zeros"), [1, 0, 0, 0]);
  assertEquals(become("ones", "zeros"), [1, 0, 1, 0]);
  assertEquals(become("ignore", "zeros"), [1, 0, NaN, 0]);
  assertEquals(become("zeros", "ignore"), [1, 0, 0, NaN]);
});

Deno.test("viewOf and patientInPath understand the published data sets", () => {
  const frontal = ["Frontal", "frontal", "AP", "PA", "ap axial", " postero-anterior"];
  assertEquals(frontal.map(viewOf), frontal.map(() => "frontal"));
  assertEquals(["Lateral", "LL", "LATERAL", "left lateral"].map(viewOf), new Array(4).fill("lateral"));
  assertEquals(["", "Oblique", "apical"].map(viewOf), ["", "oblique", "apical"]);
  assertEquals(patientInPath("CheXpert-v1.0/valid/patient64541/study1/view1.jpg"), "patient64541");
  assertEquals(patientInPath("files/p10/p10000032/s50414267/02aa804e.dcm"), "p10000032");
  assertEquals(patientInPath("images/patients/7.png"), undefined);
});
