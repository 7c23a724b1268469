"""The gate."""
from .drops import TaskPair
from .judgement import *
from .judging import judge
from .margin import *
