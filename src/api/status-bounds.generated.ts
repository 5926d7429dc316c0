/* Generated from the CRDs by npm run generate: change crds/ instead. */
import type { Bounds } from './bounds.ts';

/** What the API server admits in the status of each kind. */
export const statusBounds = {
  "BootstrapRecovery": {
    "type": "object",
    "properties": {
      "observedGeneration": {
        "type": "integer",
        "minimum": -1,
        "maximum": 9007199254740991
      },
      "taskID": {
        "type": "string",
        "maxLength": 36
      },
      "blockingTaskID": {
        "type": "string",
        "maxLength": 1024
      },
      "startTime": {
        "type": "string",
        "maxLength": 35,
        "format": "date-time"
      },
      "completionTime": {
        "type": "string",
        "maxLength": 35,
        "format": "date-time"
      },
      "duration": {
        "type": "string",
        "maxLength": 16
      },
      "attempts": {
        "type": "integer",
        "minimum": 0,
        "maximum": 1000000
      },
      "deadline": {
        "type": "string",
        "maxLength": 35,
        "format": "date-time"
      },
      "lockWaitDeadline": {
        "type": "string",
        "maxLength": 35,
        "format": "date-time"
      },
      "controller": {
        "type": "string",
        "maxLength": 317
      },
      "nextAttemptTime": {
        "type": "string",
        "maxLength": 35,
        "format": "date-time"
      },
      "progress": {
        "type": "object",
        "required": [
          "stage",
          "completed",
          "total",
          "summary",
          "lastProgressTime"
        ],
        "properties": {
          "stage": {
            "type": "string",
            "maxLength": 32
          },
          "completed": {
            "type": "integer",
            "minimum": 0,
            "maximum": 9007199254740991
          },
          "total": {
            "type": "integer",
            "minimum": 0,
            "maximum": 9007199254740991
          },
          "summary": {
            "type": "string",
            "maxLength": 64
          },
          "lastProgressTime": {
            "type": "string",
            "maxLength": 35,
            "format": "date-time"
          }
        }
      },
      "state": {
        "type": "string",
        "maxLength": 32
      },
      "plan": {
        "type": "object",
        "required": [
          "digest",
          "creates",
          "replaces",
          "keeps",
          "persists",
          "deletes"
        ],
        "properties": {
          "digest": {
            "type": "string",
            "maxLength": 71
          },
          "creates": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2147483647
          },
          "replaces": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2147483647
          },
          "keeps": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2147483647
          },
          "persists": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2147483647
          },
          "deletes": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2147483647
          },
          "actions": {
            "type": "array",
            "maxItems": 64,
            "items": {
              "type": "object",
              "required": [
                "key",
                "kind",
                "source",
                "confidence"
              ],
              "properties": {
                "key": {
                  "type": "string",
                  "maxLength": 1024
                },
                "kind": {
                  "type": "string",
                  "maxLength": 32
                },
                "value": {
                  "type": "string",
                  "maxLength": 1024
                },
                "source": {
                  "type": "string",
                  "maxLength": 32
                },
                "confidence": {
                  "type": "string",
                  "maxLength": 32
                }
              }
            }
          }
        }
      },
      "trust": {
        "type": "object",
        "required": [
          "rootVersion",
          "timestampVersion",
          "snapshotVersion",
          "targetsVersion",
          "delegatedRoles",
          "rootSHA256"
        ],
        "properties": {
          "rootVersion": {
            "type": "integer",
            "minimum": 1,
            "maximum": 9007199254740991
          },
          "timestampVersion": {
            "type": "integer",
            "minimum": 1,
            "maximum": 9007199254740991
          },
          "snapshotVersion": {
            "type": "integer",
            "minimum": 1,
            "maximum": 9007199254740991
          },
          "targetsVersion": {
            "type": "integer",
            "minimum": 1,
            "maximum": 9007199254740991
          },
          "delegatedRoles": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2147483647
          },
          "rootSHA256": {
            "type": "string",
            "maxLength": 64
          },
          "expired": {
            "type": "array",
            "maxItems": 32,
            "items": {
              "type": "object",
              "required": [
                "role",
                "version",
                "expires"
              ],
              "properties": {
                "role": {
                  "type": "string",
                  "maxLength": 1024
                },
                "version": {
                  "type": "integer",
                  "minimum": 1,
                  "maximum": 9007199254740991
                },
                "expires": {
                  "type": "string",
                  "maxLength": 35,
                  "format": "date-time"
                }
              }
            }
          }
        }
      },
      "verification": {
        "type": "object",
        "required": [
          "checkedKeys",
          "missingKeys",
          "invalidKeys",
          "verifiedAt"
        ],
        "properties": {
          "checkedKeys": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2147483647
          },
          "missingKeys": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2147483647
          },
          "invalidKeys": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2147483647
          },
          "verifiedAt": {
            "type": "string",
            "maxLength": 35,
            "format": "date-time"
          }
        }
      },
      "findings": {
        "type": "array",
        "maxItems": 32,
        "items": {
          "type": "object",
          "required": [
            "code",
            "severity",
            "role",
            "detail"
          ],
          "properties": {
            "code": {
              "type": "string",
              "maxLength": 64
            },
            "severity": {
              "type": "string",
              "maxLength": 16
            },
            "check": {
              "type": "integer",
              "minimum": 0,
              "maximum": 1000
            },
            "role": {
              "type": "string",
              "maxLength": 1024
            },
            "version": {
              "type": "integer",
              "minimum": 0,
              "maximum": 9007199254740991
            },
            "detail": {
              "type": "string",
              "maxLength": 1024
            },
            "override": {
              "type": "string",
              "maxLength": 64
            }
          }
        }
      },
      "lastErrors": {
        "type": "array",
        "maxItems": 5,
        "items": {
          "type": "object",
          "required": [
            "time",
            "reason",
            "message"
          ],
          "properties": {
            "time": {
              "type": "string",
              "maxLength": 35,
              "format": "date-time"
            },
            "reason": {
              "type": "string",
              "maxLength": 64
            },
            "message": {
              "type": "string",
              "maxLength": 1024
            }
          }
        }
      },
      "reportRef": {
        "type": "object",
        "required": [
          "name"
        ],
        "properties": {
          "name": {
            "type": "string",
            "maxLength": 253
          }
        }
      },
      "conditions": {
        "type": "array",
        "maxItems": 16,
        "items": {
          "type": "object",
          "required": [
            "type",
            "status",
            "lastTransitionTime",
            "reason",
            "message"
          ],
          "properties": {
            "type": {
              "type": "string",
              "maxLength": 316,
              "pattern": "^[A-Za-z]+$"
            },
            "status": {
              "type": "string",
              "enum": [
                "True",
                "False",
                "Unknown"
              ]
            },
            "observedGeneration": {
              "type": "integer",
              "minimum": 0,
              "maximum": 9007199254740991
            },
            "lastTransitionTime": {
              "type": "string",
              "maxLength": 35,
              "format": "date-time"
            },
            "reason": {
              "type": "string",
              "maxLength": 64,
              "pattern": "^[A-Z][A-Za-z0-9]*$"
            },
            "message": {
              "type": "string",
              "maxLength": 4096
            }
          }
        }
      }
    }
  },
  "BootstrapState": {
    "type": "object",
    "properties": {
      "observedGeneration": {
        "type": "integer",
        "minimum": -1,
        "maximum": 9007199254740991
      },
      "state": {
        "type": "string",
        "maxLength": 64
      },
      "lastVerificationTime": {
        "type": "string",
        "maxLength": 35,
        "format": "date-time"
      },
      "lossDetectedTime": {
        "type": "string",
        "maxLength": 35,
        "format": "date-time"
      },
      "consecutiveLosses": {
        "type": "integer",
        "minimum": 0,
        "maximum": 2147483647
      },
      "policyRevision": {
        "type": "string",
        "maxLength": 16
      },
      "freshUntilTime": {
        "type": "string",
        "maxLength": 35,
        "format": "date-time"
      },
      "metadata": {
        "type": "object",
        "properties": {
          "root": {
            "type": "object",
            "required": [
              "version",
              "expiresTime"
            ],
            "properties": {
              "version": {
                "type": "integer",
                "minimum": 1,
                "maximum": 9007199254740991
              },
              "expiresTime": {
                "type": "string",
                "maxLength": 35,
                "format": "date-time"
              },
              "warnTime": {
                "type": "string",
                "maxLength": 35,
                "format": "date-time"
              }
            }
          },
          "timestamp": {
            "type": "object",
            "required": [
              "version",
              "expiresTime"
            ],
            "properties": {
              "version": {
                "type": "integer",
                "minimum": 1,
                "maximum": 9007199254740991
              },
              "expiresTime": {
                "type": "string",
                "maxLength": 35,
                "format": "date-time"
              },
              "warnTime": {
                "type": "string",
                "maxLength": 35,
                "format": "date-time"
              }
            }
          },
          "snapshot": {
            "type": "object",
            "required": [
              "version",
              "expiresTime"
            ],
            "properties": {
              "version": {
                "type": "integer",
                "minimum": 1,
                "maximum": 9007199254740991
              },
              "expiresTime": {
                "type": "string",
                "maxLength": 35,
                "format": "date-time"
              },
              "warnTime": {
                "type": "string",
                "maxLength": 35,
                "format": "date-time"
              }
            }
          },
          "targets": {
            "type": "object",
            "required": [
              "version",
              "expiresTime"
            ],
            "properties": {
              "version": {
                "type": "integer",
                "minimum": 1,
                "maximum": 9007199254740991
              },
              "expiresTime": {
                "type": "string",
                "maxLength": 35,
                "format": "date-time"
              },
              "warnTime": {
                "type": "string",
                "maxLength": 35,
                "format": "date-time"
              }
            }
          },
          "delegated": {
            "type": "object",
            "required": [
              "role",
              "version",
              "expiresTime"
            ],
            "properties": {
              "role": {
                "type": "string",
                "maxLength": 253
              },
              "version": {
                "type": "integer",
                "minimum": 1,
                "maximum": 9007199254740991
              },
              "expiresTime": {
                "type": "string",
                "maxLength": 35,
                "format": "date-time"
              },
              "warnTime": {
                "type": "string",
                "maxLength": 35,
                "format": "date-time"
              }
            }
          }
        }
      },
      "recoverable": {
        "type": "object",
        "required": [
          "summary",
          "exact",
          "total"
        ],
        "properties": {
          "summary": {
            "type": "string",
            "maxLength": 23
          },
          "exact": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2147483647
          },
          "total": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2147483647
          },
          "copyOnly": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2147483647
          },
          "differences": {
            "type": "array",
            "maxItems": 16,
            "items": {
              "type": "object",
              "required": [
                "key",
                "value",
                "wouldBe",
                "source",
                "captured"
              ],
              "properties": {
                "key": {
                  "type": "string",
                  "maxLength": 1024
                },
                "value": {
                  "type": "string",
                  "maxLength": 64
                },
                "wouldBe": {
                  "type": "string",
                  "maxLength": 64
                },
                "source": {
                  "type": "string",
                  "maxLength": 64
                },
                "captured": {
                  "type": "boolean"
                }
              }
            }
          }
        }
      },
      "marks": {
        "type": "object",
        "properties": {
          "root": {
            "type": "object",
            "required": [
              "version",
              "sha256"
            ],
            "properties": {
              "version": {
                "type": "integer",
                "minimum": 1,
                "maximum": 9007199254740991
              },
              "sha256": {
                "type": "string",
                "maxLength": 64,
                "pattern": "^[0-9a-f]{64}$"
              }
            }
          },
          "timestamp": {
            "type": "object",
            "required": [
              "version",
              "sha256"
            ],
            "properties": {
              "version": {
                "type": "integer",
                "minimum": 1,
                "maximum": 9007199254740991
              },
              "sha256": {
                "type": "string",
                "maxLength": 64,
                "pattern": "^[0-9a-f]{64}$"
              }
            }
          },
          "snapshot": {
            "type": "object",
            "required": [
              "version",
              "sha256"
            ],
            "properties": {
              "version": {
                "type": "integer",
                "minimum": 1,
                "maximum": 9007199254740991
              },
              "sha256": {
                "type": "string",
                "maxLength": 64,
                "pattern": "^[0-9a-f]{64}$"
              }
            }
          }
        }
      },
      "capturedSettings": {
        "type": "object",
        "required": [
          "captureTime",
          "timestampVersion",
          "timestampSHA256",
          "values"
        ],
        "properties": {
          "captureTime": {
            "type": "string",
            "maxLength": 35,
            "format": "date-time"
          },
          "timestampVersion": {
            "type": "integer",
            "minimum": 1,
            "maximum": 9007199254740991
          },
          "timestampSHA256": {
            "type": "string",
            "maxLength": 64,
            "pattern": "^[0-9a-f]{64}$"
          },
          "values": {
            "type": "array",
            "maxItems": 64,
            "items": {
              "type": "object",
              "required": [
                "key",
                "value"
              ],
              "properties": {
                "key": {
                  "type": "string",
                  "maxLength": 512
                },
                "value": {
                  "type": "string",
                  "maxLength": 64
                }
              }
            }
          }
        }
      },
      "settingsRef": {
        "type": "object",
        "required": [
          "name"
        ],
        "properties": {
          "name": {
            "type": "string",
            "maxLength": 253
          }
        }
      },
      "recoveries": {
        "type": "array",
        "maxItems": 16,
        "items": {
          "type": "object",
          "required": [
            "name",
            "time",
            "state",
            "policy"
          ],
          "properties": {
            "name": {
              "type": "string",
              "maxLength": 63
            },
            "time": {
              "type": "string",
              "maxLength": 35,
              "format": "date-time"
            },
            "policy": {
              "type": "string",
              "maxLength": 253
            },
            "state": {
              "type": "string",
              "enum": [
                "Ordered",
                "UnderWay",
                "Succeeded",
                "NotNeeded",
                "Failed",
                "Deleted"
              ]
            }
          }
        }
      },
      "refresh": {
        "type": "object",
        "required": [
          "state",
          "roles",
          "requestTime"
        ],
        "properties": {
          "state": {
            "type": "string",
            "enum": [
              "Ordered",
              "UnderWay",
              "Succeeded",
              "Failed"
            ]
          },
          "roles": {
            "type": "array",
            "maxItems": 256,
            "items": {
              "type": "string",
              "maxLength": 253
            }
          },
          "requestTime": {
            "type": "string",
            "maxLength": 35,
            "format": "date-time"
          },
          "taskID": {
            "type": "string",
            "maxLength": 64
          },
          "timestampVersion": {
            "type": "integer",
            "minimum": 0,
            "maximum": 9007199254740991
          },
          "failures": {
            "type": "integer",
            "minimum": 0,
            "maximum": 2147483647
          },
          "message": {
            "type": "string",
            "maxLength": 512
          },
          "requests": {
            "type": "array",
            "maxItems": 16,
            "items": {
              "type": "string",
              "maxLength": 35,
              "format": "date-time"
            }
          }
        }
      },
      "conditions": {
        "type": "array",
        "maxItems": 16,
        "items": {
          "type": "object",
          "required": [
            "type",
            "status",
            "lastTransitionTime",
            "reason",
            "message"
          ],
          "properties": {
            "type": {
              "type": "string",
              "maxLength": 316,
              "pattern": "^[A-Za-z]+$"
            },
            "status": {
              "type": "string",
              "enum": [
                "True",
                "False",
                "Unknown"
              ]
            },
            "observedGeneration": {
              "type": "integer",
              "minimum": 0,
              "maximum": 9007199254740991
            },
            "lastTransitionTime": {
              "type": "string",
              "maxLength": 35,
              "format": "date-time"
            },
            "reason": {
              "type": "string",
              "maxLength": 64,
              "pattern": "^[A-Z][A-Za-z0-9]*$"
            },
            "message": {
              "type": "string",
              "maxLength": 4096
            }
          }
        }
      }
    }
  },
  "RecoveryPolicy": {
    "type": "object",
    "properties": {
      "observedGeneration": {
        "type": "integer",
        "minimum": -1,
        "maximum": 9007199254740991
      },
      "lastHandledTrigger": {
        "type": "string",
        "maxLength": 253
      },
      "appCount": {
        "type": "integer",
        "minimum": 0,
        "maximum": 2147483647
      },
      "healthyCount": {
        "type": "integer",
        "minimum": 0,
        "maximum": 2147483647
      },
      "lostCount": {
        "type": "integer",
        "minimum": 0,
        "maximum": 2147483647
      },
      "unverifiableCount": {
        "type": "integer",
        "minimum": 0,
        "maximum": 2147483647
      },
      "recoverableCount": {
        "type": "integer",
        "minimum": 0,
        "maximum": 2147483647
      },
      "freshCount": {
        "type": "integer",
        "minimum": 0,
        "maximum": 2147483647
      },
      "recoveringCount": {
        "type": "integer",
        "minimum": 0,
        "maximum": 2147483647
      },
      "apps": {
        "type": "array",
        "maxItems": 100,
        "items": {
          "type": "object",
          "required": [
            "adminName",
            "appName"
          ],
          "properties": {
            "adminName": {
              "type": "string",
              "maxLength": 253
            },
            "appName": {
              "type": "string",
              "maxLength": 253
            },
            "marks": {
              "type": "object",
              "properties": {
                "root": {
                  "type": "object",
                  "required": [
                    "version",
                    "sha256"
                  ],
                  "properties": {
                    "version": {
                      "type": "integer",
                      "minimum": 1,
                      "maximum": 9007199254740991
                    },
                    "sha256": {
                      "type": "string",
                      "maxLength": 64,
                      "pattern": "^[0-9a-f]{64}$"
                    }
                  }
                },
                "timestamp": {
                  "type": "object",
                  "required": [
                    "version",
                    "sha256"
                  ],
                  "properties": {
                    "version": {
                      "type": "integer",
                      "minimum": 1,
                      "maximum": 9007199254740991
                    },
                    "sha256": {
                      "type": "string",
                      "maxLength": 64,
                      "pattern": "^[0-9a-f]{64}$"
                    }
                  }
                },
                "snapshot": {
                  "type": "object",
                  "required": [
                    "version",
                    "sha256"
                  ],
                  "properties": {
                    "version": {
                      "type": "integer",
                      "minimum": 1,
                      "maximum": 9007199254740991
                    },
                    "sha256": {
                      "type": "string",
                      "maxLength": 64,
                      "pattern": "^[0-9a-f]{64}$"
                    }
                  }
                }
              }
            },
            "settingsRef": {
              "type": "object",
              "required": [
                "name"
              ],
              "properties": {
                "name": {
                  "type": "string",
                  "maxLength": 253
                }
              }
            }
          }
        }
      },
      "conditions": {
        "type": "array",
        "maxItems": 16,
        "items": {
          "type": "object",
          "required": [
            "type",
            "status",
            "lastTransitionTime",
            "reason",
            "message"
          ],
          "properties": {
            "type": {
              "type": "string",
              "maxLength": 316,
              "pattern": "^[A-Za-z]+$"
            },
            "status": {
              "type": "string",
              "enum": [
                "True",
                "False",
                "Unknown"
              ]
            },
            "observedGeneration": {
              "type": "integer",
              "minimum": 0,
              "maximum": 9007199254740991
            },
            "lastTransitionTime": {
              "type": "string",
              "maxLength": 35,
              "format": "date-time"
            },
            "reason": {
              "type": "string",
              "maxLength": 64,
              "pattern": "^[A-Z][A-Za-z0-9]*$"
            },
            "message": {
              "type": "string",
              "maxLength": 4096
            }
          }
        }
      }
    }
  },
  "RecoveryTarget": {
    "type": "object",
    "properties": {
      "observedGeneration": {
        "type": "integer",
        "minimum": -1,
        "maximum": 9007199254740991
      },
      "lastValidationTime": {
        "type": "string",
        "maxLength": 35,
        "format": "date-time"
      },
      "redis": {
        "type": "object",
        "properties": {
          "version": {
            "type": "string",
            "maxLength": 64
          },
          "role": {
            "type": "string",
            "maxLength": 16
          },
          "clockSkewSeconds": {
            "type": "integer",
            "minimum": 0,
            "maximum": 9007199254740991
          },
          "refusedCommands": {
            "type": "array",
            "maxItems": 32,
            "items": {
              "type": "string",
              "maxLength": 64
            }
          },
          "warnings": {
            "type": "array",
            "maxItems": 16,
            "items": {
              "type": "object",
              "required": [
                "code",
                "detail"
              ],
              "properties": {
                "code": {
                  "type": "string",
                  "maxLength": 64
                },
                "detail": {
                  "type": "string",
                  "maxLength": 1024
                }
              }
            }
          }
        }
      },
      "appCount": {
        "type": "integer",
        "minimum": 0,
        "maximum": 2147483647
      },
      "apps": {
        "type": "array",
        "maxItems": 100,
        "items": {
          "type": "object",
          "required": [
            "adminName",
            "appName"
          ],
          "properties": {
            "adminName": {
              "type": "string",
              "maxLength": 1024
            },
            "appName": {
              "type": "string",
              "maxLength": 1024
            },
            "rootVersion": {
              "type": "integer",
              "minimum": 1,
              "maximum": 9007199254740991
            }
          }
        }
      },
      "conditions": {
        "type": "array",
        "maxItems": 16,
        "items": {
          "type": "object",
          "required": [
            "type",
            "status",
            "lastTransitionTime",
            "reason",
            "message"
          ],
          "properties": {
            "type": {
              "type": "string",
              "maxLength": 316,
              "pattern": "^[A-Za-z]+$"
            },
            "status": {
              "type": "string",
              "enum": [
                "True",
                "False",
                "Unknown"
              ]
            },
            "observedGeneration": {
              "type": "integer",
              "minimum": 0,
              "maximum": 9007199254740991
            },
            "lastTransitionTime": {
              "type": "string",
              "maxLength": 35,
              "format": "date-time"
            },
            "reason": {
              "type": "string",
              "maxLength": 64,
              "pattern": "^[A-Z][A-Za-z0-9]*$"
            },
            "message": {
              "type": "string",
              "maxLength": 4096
            }
          }
        }
      }
    }
  }
} as const satisfies Readonly<Record<string, Bounds>>;
