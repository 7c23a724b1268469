from plotting import *
