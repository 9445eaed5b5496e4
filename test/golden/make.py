#!/usr/bin/python3
"""Makes every golden in this folder with PyTorch: `/usr/bin/python3 test/golden/make.py` (deno must be in the PATH).

operations.json, operations.bin.gz    outputs and gradients of the cases in test/operation_cases.ts, see operations.py
training.json, training.bin.gz, *.pt  a few steps of training small VQ-VAE-2 models, see training.py
latents.json, latents.bin.gz          what the models in *.pt make of images, see latents.py
densenet.json, densenet.bin.gz        a few steps of training DenseNets; small ones in densenet_*.pt, see densenet.py
densenet_shapes.json                  keys and shapes of torchvision's densenet121
imagenet_*.pth                        a tiny DenseNet in every form in which torchvision's weights come
metrics.json                          measures of classifiers, see metrics.py
quality.json                          measures of pictures' quality, see quality.py
inception.json, inception.bin.gz      features of pictures by Inception v3, see inception.py
frechet.json                          Fréchet distances, see inception.py
resize.json                           images resized by Pillow, see resize.py
fashion32, fashion64, brain128.bin.gz the images they are trained on, see images.py
latent64.bin.gz                       the latents that DenseNets are trained on, see latent_images.py

Needs Debian's python3-torch, python3-torchvision, python3-sklearn, python3-skimage, python3-numpy and python3-pil; images and latents are only
made anew where their file is missing (the images then from dataset-fashion-mnist and mricron-data).
"""

import os
import sys

sys.dont_write_bytecode = True

import numpy as np
import sklearn
import torch
import torchvision

from densenet import densenet_goldens, shape_goldens
from inception import distance_goldens, inception_goldens
from latents import latent_goldens
from metrics import metric_goldens
from operations import write_operations
from quality import quality_goldens
from resize import resize_goldens
from store import write_goldens, write_index
from training import training_goldens

FOLDER = os.path.dirname(os.path.abspath(__file__))


def write(name, key, store, entries):
    header = {"torch": torch.__version__, "numpy": np.__version__, "threads": torch.get_num_threads()}
    write_goldens(FOLDER, name, header, key, store, entries)


def write_shapes():
    header = {"torch": torch.__version__, "torchvision": torchvision.__version__}
    write_index(os.path.join(FOLDER, "densenet_shapes.json"), header, "models", shape_goldens())


def write_metrics():
    header, cases = metric_goldens()
    header = {"scikit-learn": sklearn.__version__, "numpy": np.__version__, **header}
    write_index(os.path.join(FOLDER, "metrics.json"), header, "cases", cases)


def write_quality():
    header, pictures = quality_goldens()
    write_index(os.path.join(FOLDER, "quality.json"), {"numpy": np.__version__, **header}, "pictures", pictures)


def write_resize():
    header, cases = resize_goldens()
    write_index(os.path.join(FOLDER, "resize.json"), {"numpy": np.__version__, **header}, "cases", cases)


def write_distances():
    header, cases = distance_goldens()
    write_index(os.path.join(FOLDER, "frechet.json"), header, "cases", cases)


def main():
    torch.set_num_threads(1)
    write_operations()
    write("training", "models", *training_goldens(FOLDER))
    write("densenet", "models", *densenet_goldens(FOLDER))
    write_shapes()
    write("latents", "codecs", *latent_goldens(FOLDER))
    write_metrics()
    write_quality()
    write("inception", "pictures", *inception_goldens())
    write_distances()
    write_resize()


if __name__ == "__main__":
    main()
