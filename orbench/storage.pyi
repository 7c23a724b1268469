from storage import *
