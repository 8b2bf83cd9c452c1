"""Advice for words of Keras, PyTorch and scikit-learn that have no counterpart where they are used."""

from __future__ import annotations

# Arguments that are given elsewhere, or not at all; as `name_key` writes them.
ELSEWHERE: dict[str, str] = {
    "learningrate": "the rate is an argument of the optimizer, as in optimizer=SGD(learning_rate=0.1)",
    "momentum": "momentum is an argument of the optimizer, as in optimizer=SGD(0.1, momentum=0.9)",
    "nesterov": "it is an argument of the optimizer, as in optimizer=SGD(0.1, momentum=0.9, nesterov=True)",
    "weightdecay": "it is an argument of the optimizer, as in optimizer=AdamW(weight_decay=0.01)",
    "beta1": "it is an argument of the optimizer, as in optimizer=Adam(beta_1=0.9)",
    "beta2": "it is an argument of the optimizer, as in optimizer=Adam(beta_2=0.999)",
    "epsilon": "it is an argument of the optimizer, as in optimizer=Adam(epsilon=1e-8)",
    "decay": "give a schedule as the learning rate, as in SGD(InverseTime(0.1, decay=0.5, steps=100))",
    "powert": "give a schedule as the learning rate, as in SGD(InverseTime(0.1, decay=0.5, steps=100))",
    "lrdecay": "give a schedule as the learning rate, as in SGD(InverseTime(0.1, decay=0.5, steps=100))",
    "amsgrad": "AMSGrad is an optimizer of its own",
    "activation": "each layer has its own, as in Dense(8, 'relu')",
    "inputshape": "leave it out: the shape of the inputs is read from the data, or given to build(input_shape)",
    "batchinputshape": "leave it out: the shape of the inputs is read from the data, or given to build(input_shape)",
    "inputdim": "leave it out: the number of inputs is read from the data, or given to build(input_shape)",
    "infeatures": "leave it out: the number of inputs is read from the data, or given to build(input_shape)",
    "inputsize": "leave it out: the number of inputs is read from the data, or given to build(input_shape)",
    "numfeatures": "leave it out: the number of features is read from the data, or given to build(input_shape)",
    "normalizedshape": "leave it out: the shape of the inputs is read from the data, or given to build(input_shape)",
    "fanin": "leave it out: it is read from the shape of the parameter",
    "seed": "random numbers come from the model's seed: Model(..., seed=0)",
    "dtype": "it is an argument of the model, as in Model(layers, dtype='float32')",
    "device": "computations run on the processor, in NumPy",
    "fromlogits": "it is an argument of the cross-entropies, as in loss=CategoricalCrossentropy(from_logits=True)",
    "epochs": "it is an argument of fit, as in model.fit(X, y, epochs=10)",
    "batchsize": "it is an argument of fit, as in model.fit(X, y, batch_size=32)",
    "callbacks": "it is an argument of fit, as in model.fit(X, y, callbacks=[...])",
    "verbose": "it is an argument of fit, as in model.fit(X, y, verbose=1)",
    "shuffle": "it is an argument of fit, as in model.fit(X, y, shuffle=False)",
    "classweight": "it is an argument of fit, as in model.fit(X, y, class_weight='balanced')",
    "validationdata": "it is an argument of fit, as in model.fit(X, y, validation_data=(X_valid, y_valid))",
    "validationsplit": "it is an argument of fit, as in model.fit(X, y, validation_split=0.1)",
    "earlystopping": "give fit a callback: model.fit(X, y, callbacks=[EarlyStopping(patience=5)])",
    "patience": "it is an argument of a callback, as in model.fit(X, y, callbacks=[EarlyStopping(patience=5)])",
    "mindelta": "it is an argument of a callback, as in callbacks=[EarlyStopping(min_delta=1e-4)]",
    "loss": "it is an argument of the model, as in Model(layers, loss='mse')",
    "optimizer": "it is an argument of the model, as in Model(layers, optimizer='adam')",
    "metrics": "it is an argument of the model, as in Model(layers, metrics=['accuracy'])",
    "layers": "they are the first argument of the model, as in Model([Dense(8, 'relu'), Dense(1)])",
    "warmstart": "fit always goes on from the present weights; the estimators have warm_start",
    "stepsperepoch": "an epoch goes once through the data that is given",
    "saveweightsonly": "the file holds the whole model, so that training can go on from it",
    "momentumdecay": "it is an argument of NAdam",
}

# Attributes of a model elsewhere.
METHODS: dict[str, str] = {
    "compile": "they are arguments of the constructor: Model(layers, loss=..., optimizer=..., metrics=...)",
    "add": "give all layers to the constructor, Model([Dense(8, 'relu'), Dense(1)])",
    "add_module": "give all layers to the constructor, Model([Dense(8, 'relu'), Dense(1)])",
    "append": "give all layers to the constructor, Model([Dense(8, 'relu'), Dense(1)])",
    "fit_generator": "give the batches to fit: model.fit(batches, epochs=...)",
    "predict_proba": "predict returns the outputs, such as probabilities; framework.sklearn.NeuralClassifier has both",
    "predict_classes": "predict returns probabilities: take model.predict(X).argmax(axis=1), or > 0.5 for one output",
    "predict_on_batch": "call model.predict(X)",
    "predict_step": "call model.predict(X)",
    "test_on_batch": "call model.evaluate(X, y)",
    "partial_fit": "call fit again: it goes on from the present weights, one epoch by default",
    "classes_": "predict returns the outputs, one for each class; framework.sklearn has estimators that keep labels",
    "coefs_": "the weights are model.network.views['0.W'], or model.get_weights()",
    "intercepts_": "the biases are model.network.views['0.b'], or model.get_weights()",
    "loss_curve_": "the losses are model.history['loss']",
    "n_iter_": "the number of epochs is len(model.history['loss'])",
    "weights": "call model.get_weights(), or see model.network.views",
    "trainable_weights": "see model.network.trainable_params, or model.get_weights()",
    "trainable_variables": "see model.network.trainable_params, or model.get_weights()",
    "variables": "call model.get_weights(), or see model.network.views",
    "trainable": "freeze layers, as in model.layers[0].trainable = False",
    "parameters": "call model.get_weights(), or see model.network.params, the vector of all parameters",
    "named_parameters": "see model.network.views, the parameters by name",
    "modules": "see model.network.layers",
    "children": "see model.network.layers",
    "state_dict": "call model.get_weights(), see model.network.views, or save to a file with model.save(path)",
    "load_state_dict": "call model.set_weights(weights), or Model.load(path)",
    "forward": "call model.predict(X), or model.network.forward(x)",
    "backward": "call model.gradients(X, y); a train_step of your own has self.compute_gradients(x, y, weight)",
    "zero_grad": "gradients are assigned, not added up: there is nothing to reset",
    "train": "call model.fit(X, y); dropout and its like are active in fit alone",
    "eval": "predict and evaluate leave dropout and its like out; nothing has to be switched",
    "to": "computations run on the processor, in NumPy; Model(layers, dtype='float32') sets the precision",
    "cuda": "computations run on the processor, in NumPy",
    "cpu": "computations run on the processor, in NumPy",
    "float": "the precision is an argument, Model(layers, dtype='float32')",
    "double": "the precision is an argument, Model(layers, dtype='float64')",
    "requires_grad_": "freeze layers, as in model.layers[0].trainable = False",
    "get_config": "call model.get_params()",
    "get_layer": "see model.network.layers",
    "to_json": "write the model to a file with model.save(path)",
    "load_model": "call Model.load(path)",
    "lr": "it is model.learning_rate",
    "stop": "set model.stop_training = True",
}

# Attributes of layers elsewhere.
OF_LAYERS: dict[str, str] = {
    name: f"layers hold no arrays; those of layer i are {where}"
    for names, where in {
        ("kernel", "weight", "W"): "model.network.views['i.W']",
        ("bias", "b"): "model.network.views['i.b']",
        ("weights", "get_weights", "set_weights", "state_dict"): "in model.network.views, by names such as '0.W'",
    }.items()
    for name in names
}
OF_LAYERS["requires_grad"] = "freeze a layer with layer.trainable = False"
OF_LAYERS["get_config"] = "call layer.get_params()"

# Of a series of layers, which is a model elsewhere.
OF_SERIES: dict[str, str] = dict.fromkeys(
    ("add", "append", "compile", "evaluate", "fit", "load_weights", "predict", "save", "score", "summary"),
    "a series is a layer; Model([...]) is what is trained, saved and asked for predictions",
)

# Attributes of optimizers elsewhere.
OF_OPTIMIZERS: dict[str, str] = {
    "lr": "it is optimizer.learning_rate",
    "param_groups": "set optimizer.learning_rate, or freeze layers with layer.trainable = False",
    "zero_grad": "gradients are assigned, not added up: there is nothing to reset",
    "state_dict": "call optimizer.state()",
    "get_config": "call optimizer.get_params()",
    "minimize": "call model.fit(X, y)",
    "apply_gradients": "call optimizer.apply(params, grads)",
}
